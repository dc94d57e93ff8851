"""``lm baseline compare``: a campaign, or another catalogue, against the baselines."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import msgspec
from rich.console import Console

from lm_assets.cli.baseline.sources import Workspace, open_bucket
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.collect.landing.manifest import assumed_manifest, parse_manifest
from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.model.baseline import Baseline, BaselineStatus
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError, LmError
from lm_assets.model.verdict import CampaignVerdict, Verdict
from lm_assets.regression.baselines.request import is_selected
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.campaign_samples import baseline_rows
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.judge import judge
from lm_assets.regression.verdict.campaign_context import CampaignContext

_MOST_NAMED = 5


@click.command()
@click.option("--campaign", help="Compare this campaign's runs with the baselines.")
@click.option(
    "--catalogue",
    "other",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare this catalogue's samples with the baselines.",
)
@click.option(
    "--combination",
    "patterns",
    multiple=True,
    help="Only combinations that match this shell pattern; may be repeated.",
)
@click.option(
    "--stage",
    type=click.Choice([stage.value for stage in Stage]),
    help="Judge by this stage's policy; else by the campaign's own, or nightly.",
)
@config_option
@json_option
def compare(
    *,
    campaign: str | None,
    other: Path | None,
    patterns: tuple[str, ...],
    stage: str | None,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Compare a campaign, or another catalogue, with the baselines; nothing is changed.

    \b
    Exit codes: 0 ok, 2 regression, 3 inconclusive or suspected, 4 data fault.

    \b
    Examples:
      lm baseline compare --campaign nightly-2026-11-22-1a2b3c4
      lm baseline compare --catalogue baseline-proposal/load-test-baselines.yaml
    """
    if (campaign is None) == (other is None):
        raise click.UsageError("give either --campaign or --catalogue")
    workspace = Workspace.opened(config_directory)
    wanted = None if stage is None else Stage(stage)
    if campaign is not None:
        verdict = _campaign_verdict(workspace, campaign, patterns, wanted)
    else:
        assert other is not None
        verdict = _catalogue_verdict(workspace, other, patterns, wanted or Stage.NIGHTLY)
    if as_json:
        click.echo(msgspec.json.encode(verdict, order="sorted").decode())
    else:
        print_verdict(Console(), verdict)
    return verdict.exit_code


def _campaign_verdict(
    workspace: Workspace, campaign: str, patterns: tuple[str, ...], stage: Stage | None
) -> CampaignVerdict:
    bucket = open_bucket()
    content = bucket.manifest(campaign)
    manifest = (
        assumed_manifest(campaign)
        if content is None
        else parse_manifest(content, campaign=campaign)
    )
    expected = tuple(c for c in manifest.expected_combinations if is_selected(c, patterns))
    records = [r for r in bucket.records(campaign) if is_selected(r.combination, patterns)]
    fresh = [r for r in bucket.confirmation_runs(campaign) if is_selected(r.combination, patterns)]
    if not records and not expected:
        raise DataFaultError(f"no combination of {campaign} matches {', '.join(patterns)}")
    settings = workspace.settings
    return judge_campaign(
        dataclasses.replace(
            manifest, stage=stage or manifest.stage, expected_combinations=expected
        ),
        records,
        catalogue=workspace.catalogue,
        metrics=settings.metrics,
        policy=settings.regression,
        fresh=fresh,
    )


def _catalogue_verdict(
    workspace: Workspace, path: Path, patterns: tuple[str, ...], stage: Stage
) -> CampaignVerdict:
    """Judge another catalogue's samples as if a campaign had run them."""
    settings = workspace.settings
    ours = _active(workspace.catalogue.entries.values(), patterns)
    theirs = _active(read_catalogue(path).entries.values(), patterns)
    if not theirs:
        raise LmError(f"{path} has no active baseline to compare")
    in_both = {name: entry for name, entry in ours.items() if name in theirs}
    by_id = settings.matrix.by_id
    verdict = judge(
        campaign=str(path),
        stage=stage,
        baseline=_table(in_both, settings.metrics.names),
        current=_table(theirs, settings.metrics.names),
        metrics=settings.metrics,
        policy=settings.regression.stages[stage],
        dimensions={name: by_id[name].dimensions for name in theirs if name in by_id},
        context=CampaignContext(
            environment_baseline={name: entry.environment for name, entry in in_both.items()},
            environment_current={name: entry.environment for name, entry in theirs.items()},
        ),
        baseline_version=workspace.catalogue.digest,
    )
    return _with_absent(verdict, sorted(ours.keys() - theirs.keys()), path)


def _with_absent(verdict: CampaignVerdict, absent: list[str], path: Path) -> CampaignVerdict:
    """Say which baselines the other catalogue lacks: of those nothing was compared."""
    if not absent:
        return verdict
    shown = ", ".join(absent[:_MOST_NAMED]) + (", …" if len(absent) > _MOST_NAMED else "")
    noted = dataclasses.replace(
        verdict,
        notes=(*verdict.notes, f"{path} has no active baseline of {len(absent)} of ours: {shown}"),
    )
    if verdict.exit_code != ExitCode.OK:
        return noted
    return dataclasses.replace(
        noted, verdict=Verdict.INCONCLUSIVE, exit_code=int(ExitCode.INCONCLUSIVE)
    )


def _active(entries: Iterable[Baseline], patterns: tuple[str, ...]) -> dict[str, Baseline]:
    return {
        entry.combination: entry
        for entry in entries
        if entry.status is BaselineStatus.ACTIVE and is_selected(entry.combination, patterns)
    }


def _table(entries: Mapping[str, Baseline], metrics: tuple[str, ...]) -> SampleTable:
    return SampleTable.from_rows(row for row in baseline_rows(entries) if row[1] in metrics)
