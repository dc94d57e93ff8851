"""``lm explain``: why something got slower, of a judged campaign or of bare event logs."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from lm_assets.cli.causes.documents import (
    campaign_document,
    combination_document,
    explanation_document,
    json_text,
    print_explanation,
)
from lm_assets.cli.combination_lines import print_causes
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option
from lm_assets.cli.terminal_text import wide_console
from lm_assets.collect.spark.event_log import local_event_log_parts, read_event_log
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import read_causes
from lm_assets.gateways.bucket.profile_json import profile_from_bytes
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.errors import DataFaultError
from lm_assets.model.explanation import CombinationCauses
from lm_assets.regression.causes.explain import explain_change

_USUAL_METRIC = "duration_s"
_LOG = click.Path(path_type=Path, exists=True)


@click.command()
@click.option("--campaign", help="A judged campaign, such as nightly-2026-11-22-1a2b3c4.")
@click.option("--combination", help="Of a campaign: this combination alone, in full.")
@click.option(
    "--metric",
    default=_USUAL_METRIC,
    show_default=True,
    help="The metric to explain: durations take time on the clock apart, executor_run_time_s the "
    "run time of tasks, cpu_core_seconds their CPU time.",
)
@click.option(
    "--baseline",
    "baseline_logs",
    type=_LOG,
    multiple=True,
    help="Event log (file or rolling folder) or profile of a baseline run; once for each run.",
)
@click.option(
    "--current", "current_logs", type=_LOG, multiple=True, help="The same of a current run."
)
@json_option
def explain(
    campaign: str | None,
    combination: str | None,
    metric: str,
    baseline_logs: tuple[Path, ...],
    current_logs: tuple[Path, ...],
    as_json: bool,
) -> ExitCode:
    """Say why it got slower: which stage, what was counted differently, which setting.

    Of a campaign, what its run found is read from the bucket. Of event logs, nothing but the files
    is needed; three or more baseline runs make exact evidence, two or more a side intervals.

    \b
    Examples:
      lm explain --campaign nightly-2026-11-22-1a2b3c4
      lm explain --baseline a/run-1.zstd --baseline a/run-2.zstd --baseline a/run-3.zstd \\
                 --current b/run-1.zstd --json
    """
    if bool(campaign) == bool(baseline_logs or current_logs):
        raise click.UsageError("name either --campaign, or --baseline and --current logs")
    if campaign:
        return _explain_campaign(campaign, combination, metric, as_json=as_json)
    if combination:
        raise click.UsageError("--combination is of a campaign; event logs are of one already")
    if not (baseline_logs and current_logs):
        raise click.UsageError("event logs of both sides are needed: --baseline and --current")
    explanation = explain_change(_profiles(baseline_logs), _profiles(current_logs), metric=metric)
    if as_json:
        click.echo(json_text(explanation_document(explanation)))
    else:
        print_explanation(wide_console(), explanation)
    return ExitCode.OK


def _explain_campaign(
    campaign: str, combination: str | None, metric: str, *, as_json: bool
) -> ExitCode:
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    rows = read_causes(bucket.store, campaign)
    if combination is None:
        if as_json:
            click.echo(json_text(campaign_document(campaign, rows)))
        else:
            _print_rows(rows)
        return ExitCode.OK
    of_combination = [row for row in rows if row.combination == combination]
    found = next((row for row in of_combination if metric in row.metrics), None)
    if found is None and metric == _USUAL_METRIC:
        found = next(iter(of_combination), None)
    if found is None:
        explained = ", ".join(f"{r.combination} ({', '.join(r.metrics)})" for r in rows[:5])
        explained = explained or "none"
        raise DataFaultError(
            f"campaign {campaign!r} explains no change of {metric} of {combination!r}; "
            f"it explains {explained}"
        )
    if as_json:
        click.echo(json_text(combination_document(found)))
    elif found.explanation is None:
        click.echo(found.reason)
    else:
        print_explanation(wide_console(), found.explanation)
    return ExitCode.OK


def _print_rows(rows: Sequence[CombinationCauses]) -> None:
    console = wide_console()
    if not rows:
        console.print("nothing regressed, so that there is nothing to explain")
    print_causes(console, rows)


def _profiles(paths: Sequence[Path]) -> list[ApplicationProfile]:
    return [_profile(path) for path in paths]


def _profile(path: Path) -> ApplicationProfile:
    """Return the profile that a file holds, or that of the event log that it is."""
    if path.is_file() and path.name.endswith((".json", ".json.zst")):
        return profile_from_bytes(path.read_bytes(), source=path.name).profile
    return read_event_log(local_event_log_parts(path)).profile
