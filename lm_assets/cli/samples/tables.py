"""Version comparisons, trends, outliers and calibrations as tables for a terminal."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lm_assets.cli.terminal_text import literal
from lm_assets.cli.verdict_table import STYLES
from lm_assets.model.verdict import Verdict
from lm_assets.model.version_comparison import VersionComparison
from lm_assets.regression.calibration.measures import CalibrationRow
from lm_assets.regression.verdict.phrases import change_phrase
from lm_assets.reports.formatting import VERDICT_RANK
from lm_assets.stats.change_points import ChangePoints
from lm_assets.stats.level_steps import LevelStep
from lm_assets.stats.outliers import SeriesOutliers
from lm_assets.stats.proportion import Proportion
from lm_assets.stats.state import State
from lm_assets.stats.trend import Trend

_MOST_CARRYING = 5


def worst_first(row: VersionComparison) -> tuple[int, int, float]:
    """Return the sort key of versions' comparisons: by verdict, then by how far they moved.

    A metric of which a dimension value is worse stands before those of which none is.
    """
    verdicts = (row.verdict, *(part.verdict for part in row.parts))
    hidden = Verdict.REGRESSED in verdicts and row.verdict is not Verdict.REGRESSED
    rank = VERDICT_RANK[row.verdict]
    moved = row.change_geomean if row.change_unit == "relative" else row.mean_difference
    return (VERDICT_RANK[Verdict.REGRESSED] if hidden else rank, rank, -abs(moved or 0.0))


def print_versions(console: Console, comparisons: Sequence[VersionComparison]) -> None:
    """Print one line a metric, and one a dimension value that moved."""
    table = Table(box=None, header_style="bold")
    for name in ("verdict", "metric", "where"):
        table.add_column(name)
    for name in ("combinations", "change", "95 % interval", "p", "total", "p (raw)"):
        table.add_column(name, justify="right")
    for row in comparisons:
        conflict = Text("  scales disagree" if row.scale_conflict else "", style="yellow")
        table.add_row(
            f"[{STYLES[row.verdict]}]{row.verdict.value}[/]",
            literal(row.metric) + conflict,
            "",
            str(row.n),
            *_deciding_figures(row),
            percent(row.change_total),
            probability(row.p_raw),
        )
        for part in row.parts:
            place = ", ".join(f"{name}={value}" for name, value in part.where.items())
            figures = (
                change_phrase(part.change, row.change_unit),
                _interval(part.change_ci95, row.change_unit),
                probability(part.p),
            )
            table.add_row(
                f"[{STYLES[part.verdict]}]{part.verdict.value}[/]",
                "",
                literal(place),
                str(part.n),
                *figures,
            )
    console.print(table)
    for row in comparisons:
        if row.carried_by:
            carried = ", ".join(
                f"{c.combination} {c.baseline:.4g} → {c.candidate:.4g} ({c.share:.0%})"
                for c in row.carried_by[:_MOST_CARRYING]
            )
            more = len(row.carried_by) - _MOST_CARRYING
            rest = f" and {more} more" if more > 0 else ""
            console.print(
                literal(f"{row.metric}: the total is carried by {carried}{rest}"), soft_wrap=True
            )


def print_trend(
    console: Console,
    trend: Trend,
    changes: ChangePoints,
    *,
    steps: Sequence[LevelStep],
    labels: Sequence[str],
    scale: str,
) -> None:
    """Print slope and test, and one line a step: size, levels, and when it was."""
    if trend.state == State.INSUFFICIENT_DATA:
        console.print(f"{trend.n} points: insufficient data for a trend", highlight=False)
        return
    console.print(
        f"{trend.n} points, slope {trend.slope:+.6g} a step "
        f"\\[{trend.slope_low:.6g}, {trend.slope_high:.6g}], "
        f"Mann-Kendall p {probability(trend.p_following)}"
        + (
            f" (allowing for an autocorrelation of {trend.autocorrelation:.2f})"
            if trend.autocorrelation
            else ""
        ),
        highlight=False,
    )
    if changes.state == State.INSUFFICIENT_DATA:
        console.print("too few points to look for change points", highlight=False)
    elif not changes.indices:
        console.print("no change point", highlight=False)
    for step in steps:
        when = f"{labels[step.index]}, index {step.index}" if labels else f"index {step.index}"
        size = "from nothing" if math.isnan(step.change) else f"{step.change:+.1%}"
        console.print(
            literal(
                f"step {step.direction}: {size}, level {step.before:.6g} → {step.after:.6g}, first "
                f"point {when} (strength {step.strength:.1f}, {changes.threshold:.1f} is needed, "
                f"{scale} scale)"
            ),
            soft_wrap=True,
        )
    if untold := len(changes.indices) - len(steps):
        console.print(f"{untold} smaller steps; --all shows them", highlight=False)


def print_outliers(
    console: Console, found: SeriesOutliers, values: Sequence[float], labels: Sequence[str]
) -> None:
    """Print the fences and the values outside of them, by when or of what they are."""
    missing = f", {found.n_missing} missing" if found.n_missing else ""
    if found.state == State.INSUFFICIENT_DATA:
        console.print(f"{found.n} values{missing}: insufficient data for fences", highlight=False)
        return
    console.print(
        f"{found.n} values{missing}, fences {found.lower_fence:.6g} and {found.upper_fence:.6g}, "
        f"{len(found.indices)} outside",
        highlight=False,
    )
    for index in found.indices:
        when = f"{labels[index]}, index {index}" if labels else f"index {index}"
        console.print(literal(f"  {when}: {values[index]:.6g}"), soft_wrap=True)


def print_calibration(console: Console, rows: Sequence[CalibrationRow]) -> None:
    """Print false alarms and recall of every scenario and metric, with intervals."""
    table = Table(box=None, header_style="bold")
    for name in ("scenario", "stage", "metric"):
        table.add_column(name)
    for name in ("campaigns", "false alarms", "rate", "recall", "with suspected", "delay"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            literal(row.scenario),
            row.stage,
            literal(row.metric or "all"),
            str(row.campaigns),
            f"{row.false_alarms:.2f}",
            share(row.false_alarm_rate),
            share(row.recall),
            share(row.noticed),
            _delay(row),
        )
    console.print(table)


def _delay(row: CalibrationRow) -> str:
    if row.delay_campaigns is None:
        return "–"
    if row.delay_ci95 is None:
        return f"{row.delay_campaigns:.1f}"
    low, high = row.delay_ci95
    return f"{row.delay_campaigns:.1f} \\[{low:.1f}, {high:.1f}]"


def share(value: Proportion) -> str:
    """Return a share with its interval."""
    if not value.trials:
        return "–"
    return f"{value.share:.4f} \\[{value.low:.4f}, {value.high:.4f}]"


def percent(value: float | None) -> str:
    """Return a change in per cent."""
    return "–" if value is None else f"{value:+.1%}"


def probability(value: float | None) -> str:
    """Return a p value."""
    if value is None:
        return "–"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _deciding_figures(row: VersionComparison) -> tuple[str, str, str]:
    if row.change_unit == "relative":
        change, interval, p = row.change_geomean, row.change_geomean_ci95, row.p_log
    else:
        change, interval, p = row.mean_difference, row.mean_difference_ci95, row.p_raw
    figures = change_phrase(change, row.change_unit), _interval(interval, row.change_unit)
    return (*figures, probability(p))


def _interval(interval: tuple[float, float] | None, unit: str) -> str:
    if interval is None:
        return "–"
    factor, ending = (100.0, " %") if unit == "relative" else (1.0, "")
    return f"\\[{factor * interval[0]:+.1f}, {factor * interval[1]:+.1f}]{ending}"
