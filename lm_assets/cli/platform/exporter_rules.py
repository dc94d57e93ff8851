"""``lm exporter rules``: the recording rules of this configuration."""

from dataclasses import asdict
from pathlib import Path

import click
import yaml

from lm_assets.cli.options import config_option
from lm_assets.exporter.recording_rules import RuleGroup, recording_groups
from lm_assets.gateways.configuration import load_configuration

_HEADER = """\
# Derived metrics, one rule a series: level:metric:operations. Made from matrix.yaml and
# metrics.yaml by `lm exporter rules`; edit those, and repeat it.
"""


@click.command()
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write them into this file instead of printing them.",
)
def rules(config_directory: Path, out: Path | None) -> None:
    """Print the recording rules for the matrix and the metrics of a configuration.

    After a change of either, write them again and let Prometheus load them.

    \b
    Example:
      lm exporter rules --out prometheus/rules/recording.yml
      promtool check rules prometheus/rules/recording.yml
    """
    configuration = load_configuration(config_directory)
    text = rules_text(recording_groups(configuration.matrix, configuration.metrics))
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"written: {out}", err=True)


def rules_text(groups: tuple[RuleGroup, ...]) -> str:
    """Return a rule file as Prometheus reads it."""
    document = {
        "groups": [
            {
                "name": group.name,
                **({"interval": group.interval} if group.interval else {}),
                "rules": [asdict(rule) for rule in group.rules],
            }
            for group in groups
        ]
    }
    return _HEADER + yaml.safe_dump(document, sort_keys=False, width=1000)
