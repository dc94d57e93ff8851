"""``lm validate``: what would happen to a folder of results, without any server."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.platform.delivered_folder import (
    DeliveredFolder,
    ManifestOptions,
    delivered_folder,
)
from lm_assets.cli.terminal_text import printable
from lm_assets.collect.campaign_records import line_notes
from lm_assets.collect.collector import CollectedCampaign, collect_campaign
from lm_assets.collect.coverage import metric_coverage, with_coverage
from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.object_store.folder import FolderStore
from lm_assets.model.campaign import Stage
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CampaignVerdict, Finding, Verdict
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.cells.unit_suspects import suspect_phrase

F = TypeVar("F", bound=Callable[..., Any])

_MOST_LINES = 20
_OF_THE_DELIVERY = ("unfit_campaign", "no_usable_run", "not_run", "fewer_runs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What a folder would become: its records, what would be refused, and what is wanting."""

    delivered: DeliveredFolder
    collected: CollectedCampaign
    verdict: CampaignVerdict
    metrics: MetricCatalogue

    @property
    def exit_code(self) -> ExitCode:
        """4 where anything would be refused, 3 where something is wanting or doubtful."""
        faults = any(f.severity is Verdict.DATA_FAULT for f in self.wanting)
        if faults or self.collected.quarantined:
            return ExitCode.DATA_FAULT
        is_doubtful = self.wanting or self.suspects or self.notes
        return ExitCode.INCONCLUSIVE if is_doubtful else ExitCode.OK

    @property
    def wanting(self) -> list[Finding]:
        """What did not come, came short, or makes the campaign unfit to be judged."""
        return [
            finding
            for finding in self.verdict.findings
            if finding.kind in _OF_THE_DELIVERY or finding.severity is Verdict.DATA_FAULT
        ]

    @property
    def suspects(self) -> list[dict[str, object]]:
        """Values that look like another unit."""
        return [
            {"combination": cell.combination, "metric": cell.metric, **reading}
            for cell in self.verdict.cells
            for reading in _readings(cell.explanation)
        ]

    @property
    def notes(self) -> Mapping[str, int]:
        """What was left unread of the records, each with how many say so."""
        return line_notes(self.collected.records)

    @property
    def absent(self) -> Mapping[str, str]:
        """The metrics that no run has, each with the reason that most runs give."""
        records = self.collected.records
        return {
            of.metric: next(iter(of.reasons), "no result line names it")
            for of in metric_coverage(records, self.metrics)
            if records and not of.with_value
        }


def manifest_options(command: F) -> F:
    """Add the options that say what the manifest has to say."""
    for option in reversed(
        (
            click.option("--stage", type=click.Choice([s.value for s in Stage])),
            click.option("--priority", help="Priority of the matrix that was run."),
            click.option("--git-sha", help="Commit under test."),
            click.option(
                "--version-label",
                "version_labels",
                multiple=True,
                metavar="NAME=VALUE",
                help="What was under test, such as spark=3.5.0; may be repeated.",
            ),
            click.option(
                "--environment-file",
                type=click.Path(path_type=Path, dir_okay=False, exists=True),
                help="JSON or YAML of the environment's fingerprint.",
            ),
            click.option("--runs", type=click.IntRange(1), help="Runs promised of each."),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--campaign",
    default="ci-validate",
    show_default=True,
    help="Campaign id; what it begins with is the stage where no manifest says.",
)
@manifest_options
@config_option
@json_option
def validate(
    folder: Path, campaign: str, config_directory: Path, as_json: bool, **said: Any
) -> int:
    """Say what would happen to a folder of results: records, refusals, gaps, doubtful units.

    No server is asked. The folder is laid out as docs/input.md says; lines that name their
    combination may also lie in files of the folder itself.

    \b
    Exit codes: 0 sound, 3 runs are missing or a unit is doubtful, 4 something would be refused
    or the campaign would not be fit to be judged; what a stage asks for differs (--stage).

    \b
    Example:
      lm validate results/ --campaign nightly-2026-11-22-1a2b3c4 --runs 5
    """
    settings = load_configuration(config_directory)
    delivered = delivered_folder(
        folder, campaign, matrix=settings.matrix, options=ManifestOptions(**said)
    )
    found = validated(delivered, campaign, settings)
    if as_json:
        click.echo(msgspec.json.encode(document(found), order="sorted").decode())
    else:
        print_validation(found)
    return found.exit_code


def validated(delivered: DeliveredFolder, campaign: str, settings: Configuration) -> Validation:
    """Return what the platform would make of objects that are to be delivered."""
    store, now = FolderStore(objects=delivered.objects), datetime.now(UTC)
    collected = collect_campaign(
        campaign,
        bucket=CampaignBucket(store),
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=now,
    )
    stage = settings.regression.stages[collected.manifest.stage]
    # It would land now, however old its files are.
    landing = replace(collected.delivery, landed_at=now)
    verdict = judge_campaign(
        collected.manifest,
        collected.records,
        catalogue=read_catalogue(settings.baselines_path),
        metrics=settings.metrics,
        policy=settings.regression,
        matrix=settings.matrix,
        delivery=with_coverage(landing, collected.records, stage.coverage),
    )
    return Validation(
        delivered=delivered, collected=collected, verdict=verdict, metrics=settings.metrics
    )


def document(found: Validation) -> dict[str, object]:
    """Return a validation as one JSON document."""
    collected = found.collected
    return {
        "campaign": collected.manifest.campaign,
        "stage": collected.manifest.stage.value,
        "exit_code": int(found.exit_code),
        "records": len(collected.records),
        "runs": dict(Counter(record.combination for record in collected.records)),
        "quarantined": [
            {
                "key": q.key,
                "line": q.line,
                "place": found.delivered.place(q.key, q.line),
                "rule": q.rule,
                "detail": q.detail,
            }
            for q in collected.quarantined
        ],
        "wanting": [
            {"kind": f.kind, "combinations": list(f.combinations), "message": f.message}
            for f in found.wanting
        ],
        "unit_suspects": found.suspects,
        "notes": found.notes,
        "absent_metrics": found.absent,
    }


def print_validation(found: Validation) -> None:
    """Print a validation for a person."""
    collected = found.collected
    runs = Counter(record.combination for record in collected.records)
    manifest = collected.manifest
    click.echo(
        f"{manifest.campaign}, stage {manifest.stage.value}: {len(collected.records)} load runs of "
        f"{len(runs)} combinations, {len(collected.quarantined)} lines or objects refused"
    )
    for combination, n in sorted(runs.items())[:_MOST_LINES]:
        click.echo(f"  {combination}: {n} runs")
    _say_more(len(runs))
    for refused in collected.quarantined[:_MOST_LINES]:
        where = found.delivered.place(refused.key, refused.line)
        click.echo(printable(f"  refused: {where}: {refused.rule}: {refused.detail}"))
    _say_more(len(collected.quarantined))
    for finding in found.wanting:
        click.echo(printable(f"  {finding.severity.value}: {finding.message}"))
    for suspect in found.suspects[:_MOST_LINES]:
        click.echo(printable(f"  unit_suspect: {suspect_phrase(suspect)}"))
    _say_more(len(found.suspects))
    for note, n in found.notes.items():
        click.echo(printable(f"  doubtful: {note} ({n} runs)"))
    for metric, reason in found.absent.items():
        click.echo(printable(f"  no run has {metric}: {reason}"))


def _say_more(n: int) -> None:
    if n > _MOST_LINES:
        click.echo(f"  … and {n - _MOST_LINES} more")


def _readings(explanation: Mapping[str, object]) -> list[Mapping[str, object]]:
    found = explanation.get("unit_suspect")
    return found if isinstance(found, list) else []
