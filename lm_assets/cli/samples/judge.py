"""``lm judge`` and ``lm compare-versions``: the judgement of SAMPLES files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option, policy_option
from lm_assets.cli.samples.assumed_metrics import catalogue_for, describe
from lm_assets.cli.samples.combinations import Dimensions, resolved
from lm_assets.cli.samples.documents import dumped, judge_document, versions_document
from lm_assets.cli.samples.samples_file import (
    Sample,
    metric_places,
    read_samples,
    sample_table,
)
from lm_assets.cli.samples.surroundings import campaign_surroundings
from lm_assets.cli.samples.tables import print_versions, worst_first
from lm_assets.cli.samples.unnamed_sources import unnamed_sources
from lm_assets.cli.terminal_text import wide_console
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.metric import Metric, MetricCatalogue
from lm_assets.model.verdict import Verdict
from lm_assets.model.version_comparison import VersionComparison
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.confirmation.fresh_runs import ConfirmationSamples
from lm_assets.regression.confirmation.request import confirmation_request
from lm_assets.regression.judge import judge as judge_samples
from lm_assets.regression.versions.comparison import compare_versions as compare

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
_MOST_LEFT_OUT = 10
_METRIC_HELP = "NAME=SCALE,DIRECTION of a metric that metrics.yaml does not have. Repeatable."


def _samples_options(command: F) -> F:
    for option in (
        click.option("--metric", "declared", multiple=True, help=_METRIC_HELP),
        click.option("--matrix", "matrix_file", type=FILE, help="Refuse combinations not in it."),
        click.option(
            "--stage",
            type=click.Choice([stage.value for stage in Stage]),
            default=Stage.NIGHTLY.value,
            show_default=True,
            help="Whose policy in regression.yaml judges.",
        ),
        policy_option,
        json_option,
    ):
        command = option(command)
    return command


@click.command()
@click.option("--baseline", type=FILE, required=True, help="SAMPLES of the accepted runs.")
@click.option("--current", type=FILE, required=True, help="SAMPLES of the runs to judge.")
@click.option(
    "--baseline-environment",
    multiple=True,
    help="KEY=VALUE of where the baseline was made, such as jdk=17. Repeatable.",
)
@click.option(
    "--current-environment", multiple=True, help="KEY=VALUE of the current runs. Repeatable."
)
@click.option("--confirm-baseline", type=FILE, help="SAMPLES of fresh baseline runs.")
@click.option("--confirm-current", type=FILE, help="SAMPLES of fresh current runs.")
@click.option(
    "--confirmation-request",
    "request_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write which fresh runs would decide the suspected cells, if there are any.",
)
@_samples_options
def judge(
    *,
    baseline: Path,
    current: Path,
    baseline_environment: tuple[str, ...],
    current_environment: tuple[str, ...],
    confirm_baseline: Path | None,
    confirm_current: Path | None,
    request_file: Path | None,
    declared: tuple[str, ...],
    matrix_file: Path | None,
    stage: str,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Judge current samples against a baseline's, cell by cell and as a whole.

    \b
    SAMPLES is JSONL, a line each:
      {"combination": "3.5.0_connect_...", "metric": "duration_s", "run": 1, "value": 12.3}

    A line may say "environment": {"jdk": "17"} and "node": "worker-3" too: what was measured in
    another environment is not comparable, and what cannot be told from its node is confounded.

    A cell is regressed when it is worse by more than the threshold with p below alpha, as it is and
    beyond what all cells share, and that survives the number of cells asked about; suspected when
    only a part of that holds. Unchanged is shown, not assumed; otherwise a cell is inconclusive and
    says how many runs would decide.

    \b
    Exit codes: 0 ok, 2 regression, 3 inconclusive or suspected, 4 data fault, 1 usage.

    \b
    Examples:
      lm judge --baseline main.jsonl --current pull-request.jsonl --stage ci
      lm judge --baseline a.jsonl --current b.jsonl --json | jq '.findings'
    """
    if (confirm_baseline is None) != (confirm_current is None):
        raise click.UsageError("--confirm-baseline and --confirm-current go together")
    fresh = [f for f in (confirm_baseline, confirm_current) if f is not None]
    read = _read([baseline, current, *fresh], matrix_file, config_directory, declared)
    policy = read.settings.regression.stages[Stage(stage)]
    verdict = judge_samples(
        campaign=current.stem,
        stage=Stage(stage),
        baseline=read.tables[0],
        current=read.tables[1],
        metrics=read.metrics,
        policy=policy,
        dimensions=read.dimensions,
        context=campaign_surroundings(
            *read.sides[:2],
            baseline_environment=baseline_environment,
            current_environment=current_environment,
        ),
        baseline_version=baseline.name,
        confirmation=_confirmation(read.tables[2:]),
    )
    if request_file is not None:
        _write_request(request_file, confirmation_request(verdict, policy))
    if as_json:
        click.echo(dumped(judge_document(verdict, read.assumed)))
    else:
        print_verdict(wide_console(), verdict)
    return verdict.exit_code


@click.command("compare-versions")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@_samples_options
def compare_versions(
    *,
    a: Path,
    b: Path,
    declared: tuple[str, ...],
    matrix_file: Path | None,
    stage: str,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Compare version B with version A over all combinations that both have.

    A and B are SAMPLES files. Repeats are averaged per combination, and the paired t-test runs
    across combinations: on logs, where every combination weighs alike, with the raw scale and
    Wilcoxon's test beside it.

    \b
    Exit codes: 0 ok, 2 B is worse, 3 inconclusive or scales disagree, 4 data fault, 1 usage.

    \b
    Example:
      lm compare-versions spark-3.5.jsonl spark-4.0.jsonl --json
    """
    read = _read([a, b], matrix_file, config_directory, declared)
    compared = compare(
        read.tables[0],
        read.tables[1],
        metrics=read.metrics,
        policy=read.settings.regression.stages[Stage(stage)],
        dimensions=read.dimensions,
    )
    if not compared:
        raise UnusableInputError("nothing_to_compare", "no metric in the files is ever judged")
    comparisons = sorted(compared, key=worst_first)
    for told in unnamed_sources(*read.sides):
        click.echo(told, err=True)
    for comparison in comparisons:
        if comparison.unpaired:
            n = len(comparison.unpaired)
            click.echo(f"{comparison.metric}: {n} combinations are on one side only", err=True)
        for told in _not_compared(comparison):
            click.echo(f"{comparison.metric}: {told}", err=True)
    if as_json:
        click.echo(dumped(versions_document(comparisons)))
    else:
        print_versions(wide_console(), comparisons)
    return _exit_code(_deciding_verdicts(comparisons))


def _not_compared(comparison: VersionComparison) -> Iterator[str]:
    """Yield the value that the metric cannot have, and combinations that were left out."""
    if fault := comparison.fault:
        yield (
            f"{fault['rule']}; {fault['side']} run {fault['run']} of {fault['combination']} is "
            f"{fault['value']:g}"
        )
    for combination, reason in sorted(comparison.left_out.items())[:_MOST_LEFT_OUT]:
        yield f"{combination} was left out: {reason}"
    if (more := len(comparison.left_out) - _MOST_LEFT_OUT) > 0:
        yield f"{more} more combinations were left out"
    for combination, runs in sorted(comparison.other_sources.items())[:_MOST_LEFT_OUT]:
        yield f"runs of {combination} were left out, which another source measured: {runs}"
    if (more := len(comparison.other_sources) - _MOST_LEFT_OUT) > 0:
        yield f"runs of {more} more combinations were left out"


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The tables of SAMPLES files, and everything to judge them by."""

    sides: list[list[Sample]]
    tables: list[SampleTable]
    dimensions: Dimensions
    metrics: MetricCatalogue
    assumed: tuple[Metric, ...]
    settings: Configuration


def _read(
    files: list[Path],
    matrix_file: Path | None,
    config_directory: Path,
    declared: tuple[str, ...],
) -> _Read:
    settings = load_configuration(config_directory)
    samples, dimensions = resolved([read_samples(file) for file in files], matrix_file, settings)
    names = metric_places(sample for side in samples for sample in side)
    metrics, assumed = catalogue_for(names, settings.metrics, declared)
    for metric in assumed:
        click.echo(describe(metric), err=True)
    return _Read(
        sides=samples,
        tables=[sample_table(side) for side in samples],
        dimensions=dimensions,
        metrics=metrics,
        assumed=assumed,
        settings=settings,
    )


def _confirmation(tables: list[SampleTable]) -> ConfirmationSamples | None:
    if not tables:
        return None
    return ConfirmationSamples(baseline=tables[0], current=tables[1])


def _write_request(path: Path, request: Mapping[str, object] | None) -> None:
    if request is None:
        click.echo("no fresh runs are asked for", err=True)
        return
    path.write_text(dumped(request) + "\n", encoding="utf-8")
    click.echo(f"asked for fresh runs in {path}", err=True)


def _deciding_verdicts(comparisons: Sequence[VersionComparison]) -> set[Verdict]:
    """Return the verdicts of the metrics, and a regression that only some dimension value shows.

    Where the scales of a metric disagree its dimension values decide nothing either: one large
    combination may carry them as it carries the whole.
    """
    parts = {part.verdict for row in comparisons if not row.scale_conflict for part in row.parts}
    return {row.verdict for row in comparisons} | (parts & {Verdict.REGRESSED})


def _exit_code(verdicts: set[Verdict]) -> ExitCode:
    for verdict, code in (
        (Verdict.REGRESSED, ExitCode.REGRESSION),
        (Verdict.DATA_FAULT, ExitCode.DATA_FAULT),
        (Verdict.SOURCE_CHANGED, ExitCode.INCONCLUSIVE),
        (Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        (Verdict.INSUFFICIENT_DATA, ExitCode.INCONCLUSIVE),
    ):
        if verdict in verdicts:
            return code
    return ExitCode.OK
