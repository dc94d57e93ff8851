"""``lm trend`` and ``lm outliers``: the statistics of one series, of a file or stored."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option, policy_option
from lm_assets.cli.samples.assumed_metrics import catalogue_for, describe
from lm_assets.cli.samples.documents import dumped, outliers_document, trend_document
from lm_assets.cli.samples.series_file import read_series
from lm_assets.cli.samples.series_table import Series
from lm_assets.cli.samples.stored_series import read_stored
from lm_assets.cli.samples.tables import print_outliers, print_trend
from lm_assets.cli.terminal_text import wide_console
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.metric import Metric, Scale
from lm_assets.model.provenance import is_lower_bound
from lm_assets.regression.history.sources import of_one_quantity
from lm_assets.stats.change_points import find_change_points
from lm_assets.stats.level_steps import level_steps
from lm_assets.stats.outliers import find_outliers
from lm_assets.stats.state import State
from lm_assets.stats.trend import fit_trend

F = TypeVar("F", bound=Callable[..., Any])
# All pairs of points are compared: twice as many take four times the memory.
_MOST_POINTS = 5_000
_STORED = "the stored campaigns"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


def _series_options(command: F) -> F:
    for option in (
        click.option("--column", help="Column of a CSV file that has several."),
        click.option("--combination", help="Of a SAMPLES file or the stored campaigns: which one."),
        click.option("--metric", help="Of a SAMPLES file or the stored campaigns: which one."),
        policy_option,
        json_option,
    ):
        command = option(command)
    return click.argument("file", type=FILE, required=False)(command)


@click.command()
@click.option(
    "--scale",
    type=click.Choice(["auto", "raw", "log"]),
    default="auto",
    show_default=True,
    help="Scale on which change points are sought; auto: log for ratio metrics of SAMPLES.",
)
@click.option("--all", "is_all", is_flag=True, help="Tell steps of any size, not only large ones.")
@_series_options
def trend(
    *,
    file: Path | None,
    scale: str,
    column: str | None,
    combination: str | None,
    metric: str | None,
    config_directory: Path,
    is_all: bool,
    as_json: bool,
) -> int:
    """Slope, Mann-Kendall test and steps of a series: size, levels before and after, and when.

    FILE holds one number a line, a JSON array, CSV, or SAMPLES, in time order. Without FILE the
    series is that of the stored campaigns (LM_POSTGRES_URL), a mean a campaign. Values that another
    quantity was measured in (comparable_sources of metrics.yaml), and lower bounds, are left out
    and named.

    Missing values are left out; steps count from 0 in the series as given, and name the first
    point after. Steps below trend.smallest_step_relative of the weekly stage (5 %) are only
    counted; --all tells them too. The p of the trend allows for points that follow each other.

    \b
    Exit codes: 0 ok, 3 too few points to say anything, 4 data fault, 1 usage.

    \b
    Example:
      lm trend nightly-durations.csv --column duration_s --json
      lm trend --combination 3.5.0_connect_kubernetes_none_read_1gb --metric duration_s
    """
    series = _series(file, column=column, combination=combination, metric=metric)
    place = _STORED if file is None else str(file)
    metric_of = _metric_of(series, place=place, config_directory=config_directory)
    _refuse_impossible(series, metric_of or _metric_of_column(series, config_directory), place)
    series, left_out = _of_one_quantity(series, metric_of)
    scale = _scale(metric_of, scale)
    _name_column(series)
    if len(series.values) > _MOST_POINTS:
        raise UnusableInputError(
            "too_many_points",
            f"{place}: {len(series.values)} values; a trend is of at most {_MOST_POINTS} points, "
            "such as a mean a campaign",
        )
    values = np.array(series.values)
    present = np.flatnonzero(~np.isnan(values))
    kept = values[present]
    if scale == "log" and (kept <= 0.0).any():
        raise UnusableInputError("outside_scale", f"{place}: logs need values above zero")
    fitted = fit_trend(kept, at=present.astype(np.float64))
    changes = find_change_points(np.log(kept) if scale == "log" else kept)
    steps = level_steps(
        changes, indices=[int(present[at]) for at in changes.indices], is_log=scale == "log"
    )
    if not is_all:
        smallest = _smallest_step(config_directory)
        steps = tuple(step for step in steps if step.is_at_least(smallest))
    if as_json:
        document = trend_document(fitted, changes, steps=steps, labels=series.labels, scale=scale)
        click.echo(dumped(document | {"column": series.column, "other_sources": left_out}))
    else:
        console = wide_console()
        print_trend(console, fitted, changes, steps=steps, labels=series.labels, scale=scale)
    return ExitCode.INCONCLUSIVE if fitted.state == State.INSUFFICIENT_DATA else ExitCode.OK


@click.command()
@_series_options
def outliers(
    *,
    file: Path | None,
    column: str | None,
    combination: str | None,
    metric: str | None,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Values outside the 1.5 x IQR fences of a series.

    FILE is as for lm trend; without, the series is that of the stored campaigns, a mean a campaign.
    Quartiles are interpolated linearly (type 7). Missing values are skipped and still counted by
    the indices, which begin at 0. Nothing is removed from anything.

    \b
    Exit codes: 0 ok, 3 too few values to say anything, 4 data fault, 1 usage.

    \b
    Example:
      printf '10\\n11\\n55\\n12\\n10.5\\n' > runs.txt && lm outliers runs.txt
    """
    series = _series(file, column=column, combination=combination, metric=metric)
    place = _STORED if file is None else str(file)
    metric_of = _metric_of(series, place=place, config_directory=config_directory)
    _refuse_impossible(series, metric_of or _metric_of_column(series, config_directory), place)
    series, left_out = _of_one_quantity(series, metric_of)
    _name_column(series)
    found = find_outliers(series.values)
    if as_json:
        more = {"column": series.column, "other_sources": left_out}
        click.echo(dumped(outliers_document(found, series.labels) | more))
    else:
        print_outliers(wide_console(), found, series.values, series.labels)
    few = found.state == State.INSUFFICIENT_DATA
    return ExitCode.INCONCLUSIVE if few else ExitCode.OK


def _series(
    file: Path | None, *, column: str | None, combination: str | None, metric: str | None
) -> Series:
    if file is None:
        return read_stored(combination=combination, metric=metric)
    return read_series(file, column=column, combination=combination, metric=metric)


def _of_one_quantity(series: Series, metric: Metric | None) -> tuple[Series, dict[str, int]]:
    """Return the series without the values of other quantities, and say which those are."""
    if metric is None or not series.sources:
        return series, {}
    quantity = of_one_quantity(series.sources, metric)
    kept = set(quantity.kept)
    values = (v if at in kept else math.nan for at, v in enumerate(series.values))
    unnamed = sum(not of for of in series.sources)
    if unnamed and quantity.source_class:
        told = f"{unnamed} values without a source are taken for {quantity.source_class}"
        click.echo(told, err=True)
    for source, n in quantity.left_out.items():
        is_bound = any(map(is_lower_bound, source.split(", ")))
        what = "is only a lower bound" if is_bound else "measures another quantity"
        click.echo(f"left out: {n} of {source}, which {what}", err=True)
    return replace(series, values=tuple(values)), quantity.left_out


def _smallest_step(config_directory: Path) -> float:
    policy = load_configuration(config_directory).regression.stages[Stage.WEEKLY]
    return policy.trend.smallest_step_relative


def _name_column(series: Series) -> None:
    if series.column is not None:
        click.echo(f"column {series.column!r} was read", err=True)


def _metric_of(series: Series, *, place: str, config_directory: Path) -> Metric | None:
    """Return the metric that the series names; None for bare numbers."""
    if series.metric is None:
        return None
    catalogue, assumed = catalogue_for(
        {series.metric: place}, load_configuration(config_directory).metrics
    )
    for metric in assumed:
        click.echo(describe(metric), err=True)
    return catalogue[series.metric]


def _metric_of_column(series: Series, config_directory: Path) -> Metric | None:
    """Return the metric that a table's column is called like, for what its values can be."""
    if series.column is None:
        return None
    known = load_configuration(config_directory).metrics
    return next((metric for metric in known if metric.name == series.column), None)


def _refuse_impossible(series: Series, metric: Metric | None, place: str) -> None:
    for at, value in enumerate(series.values):
        if metric is None or math.isnan(value):
            continue
        # A mean of runs need not be whole.
        is_mean = place == _STORED and metric.scale is Scale.COUNT
        if rule := metric.rule_broken(math.floor(value) if is_mean else value):
            raise UnusableInputError("data_fault", f"{place}: {rule}; value {at} is {value:g}")


def _scale(metric: Metric | None, asked: str) -> str:
    if asked != "auto":
        return asked
    return "log" if metric is not None and metric.scale is Scale.RATIO else "raw"
