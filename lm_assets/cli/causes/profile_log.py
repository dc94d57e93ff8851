"""``lm profile``: one event log's profile, to be delivered in its place."""

from pathlib import Path

import click

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.collect.spark.event_log import local_event_log_parts, read_event_log
from lm_assets.collect.spark.profile_document import profile_document
from lm_assets.gateways.bucket.object_keys import PROFILE_NAME


@click.command("profile")
@click.argument("event_log", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    default=Path(PROFILE_NAME),
    show_default=True,
    help="File to write, or a folder to write it into.",
)
def profile(event_log: Path, target: Path) -> ExitCode:
    """Write the profile of one Spark application: what explains it after its log has expired.

    EVENT_LOG is a file, or a rolling folder. The profile (some 5 kB) holds plans, sums a stage,
    settings without secrets, and the figures of the record. A load runner may deliver it as
    incoming/CAMPAIGN/COMBINATION/RUN/profile.json.zst instead of the log.

    \b
    Example:
      lm profile eventlog_v2_spark-1a2b --to results/run-1/profile.json.zst
    """
    content = profile_document(read_event_log(local_event_log_parts(event_log)))
    path = target / PROFILE_NAME if target.is_dir() else target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    click.echo(path)
    return ExitCode.OK
