"""What change points were found, by this project and by apache-otava: a table and two plots."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.figures.pages import write_plots, write_section
from benchmarks.figures.svg_plots import Axis, Line, bar_plot, line_plot

Shares = Mapping[str, float]
Detection = Mapping[str, Shares]

OURS, THEIRS = "lm-assets", "apache-otava"
NORMAL = "normal noise: any change point"
HEAVY = "heavy-tailed noise (t, 3 df): any"
LOG_NORMAL = "log-normal noise (0.3): any"
SPIKE = "one lone spike of 10 sd: any"
MIDDLE_HEIGHTS = (1.0, 2.0, 3.0)
LATE_HEIGHTS = (2.0, 3.0, 5.0)
POINTS_SEEN = (3, 5, 7, 10)
PLOTS = ("change_point_delay", "change_point_false_alarms")


def in_the_middle(height: float) -> str:
    """Return the name of the case of a step in the middle."""
    return f"step of {height:g} sd in the middle, found within 3 points"


def points_seen(height: float, seen: int) -> str:
    """Return the name of the case of a step of which so many points were seen."""
    return f"{seen} points of a step of {height:g} sd seen"


def write(docs: Path, found: Detection, *, n_series: int) -> None:
    """Write the table into docs/statistics.md, and its plots."""
    write_section(docs, "statistics.md", "change_points", table(found, n_series=n_series))
    write_plots(docs, plots(found))


def table(found: Detection, *, n_series: int) -> str:
    """Return one line a case, in Markdown."""
    lines = [f"| share of {n_series} series | {OURS} | {THEIRS} |", "|---|---|---|"]
    lines += [f"| {name} | {s[OURS]:.3f} | {s[THEIRS]:.3f} |" for name, s in found.items()]
    return "\n".join(lines)


def plots(found: Detection) -> dict[str, str]:
    """Return the plots by name."""
    return dict(zip(PLOTS, (_delay(found), _false_alarms(found)), strict=True))


def _delay(found: Detection) -> str:
    lines = []
    for colour, height in enumerate(LATE_HEIGHTS):
        for tool in (OURS, THEIRS):
            points = [(float(n), found[points_seen(height, n)][tool]) for n in POINTS_SEEN]
            name = f"step of {height:g} sd" if tool == OURS else ""
            lines.append(Line(name=name, colour=colour, points=points, is_dashed=tool == THEIRS))
    return line_plot(
        f"Steps found after so many points (dashed: {THEIRS})",
        x=Axis(
            label="points of the new level",
            low=3.0,
            high=10.0,
            ticks=[(n, str(n)) for n in POINTS_SEEN],
        ),
        y=Axis(
            label="share of series",
            low=0.0,
            high=1.0,
            ticks=[(v / 5, f"{v / 5:.1f}") for v in range(6)],
        ),
        lines=lines,
    )


def _false_alarms(found: Detection) -> str:
    cases = (
        ("normal", NORMAL),
        ("heavy tails", HEAVY),
        ("log-normal", LOG_NORMAL),
        ("lone spike", SPIKE),
    )
    return bar_plot(
        "Series of 200 points with a change point though no level changed",
        y=Axis(
            label="share of series",
            low=0.0,
            high=0.8,
            ticks=[(v / 10, f"{v / 10:.0%}") for v in range(0, 9, 2)],
        ),
        groups=[(label, [found[case][OURS], found[case][THEIRS]]) for label, case in cases],
        names=(OURS, THEIRS),
    )
