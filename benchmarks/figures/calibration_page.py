"""The calibration of the judge as a page, as a section of docs/statistics.md, and as plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures.calibration_scenarios import (
    FACTORS,
    NOISES,
    RUNS_A_SIDE,
    Scenario,
    lone_cells,
    nothing_changed,
)
from benchmarks.figures.pages import (
    between_marks,
    section_of,
    write_plots,
    write_section,
)
from benchmarks.figures.svg_plots import Axis, Line, line_plot
from lm_assets.regression.calibration.measures import CalibrationRow
from lm_assets.stats.proportion import Proportion

Rows = Mapping[str, CalibrationRow]

_HEAD = (
    "| scenario | false cells a campaign | by the plain rule | recall [95 %] | "
    "regressed or suspected | campaigns as demanded [95 %] | demanded |\n"
    "|---|---:|---:|---:|---:|---:|---|"
)
PLOTS = ("calibration_false_alarms", "calibration_recall")


def write(docs: Path, rows: Rows, scenarios: Sequence[Scenario], *, campaigns: int) -> None:
    """Write docs/calibration.md, the section of docs/statistics.md, and the plots of both."""
    page = (Path(__file__).parent / "calibration_page.md").read_text(encoding="utf-8")
    everything = page.replace("{campaigns}", str(campaigns))
    everything = everything.replace("{table}", table(rows, scenarios))
    everything = everything.replace("{recall}", recall_table(rows))
    path = docs / "calibration.md"
    if path.exists():
        # The kinds of noise are measured by a benchmark of their own.
        kept = section_of(path.read_text(encoding="utf-8"), "noise")
        everything = between_marks(everything, "noise", kept)
    path.write_text(everything, encoding="utf-8")
    demanded = table(rows, [scenario for scenario in scenarios if scenario.demand])
    write_section(docs, "statistics.md", "calibration", demanded)
    write_plots(docs, plots(rows))


def table(rows: Rows, scenarios: Sequence[Scenario]) -> str:
    """Return one line a scenario, in Markdown."""
    return "\n".join([_HEAD, *(_line(rows[s.name], s.demand) for s in scenarios)])


def recall_table(rows: Rows) -> str:
    """Return recall by size of the change and runs a side, in Markdown."""
    head = "| runs a side | " + " | ".join(_percent(factor) for factor in FACTORS) + " |"
    lines = [head, "|---:|" + "---:|" * len(FACTORS)]
    for runs in RUNS_A_SIDE:
        found = [rows[lone_cells(factor, runs)] for factor in FACTORS]
        cells = [f"{row.recall.share:.2f} ({row.noticed.share:.2f})" for row in found]
        lines.append(f"| {runs} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plots(rows: Rows) -> dict[str, str]:
    """Return the plots by name."""
    return dict(zip(PLOTS, (_false_alarms(rows), _recall(rows)), strict=True))


def _false_alarms(rows: Rows) -> str:
    of_noise = [(sd, rows[nothing_changed(sd)]) for sd in NOISES]
    return line_plot(
        "False alarms when nothing changed (200 × 8 cells)",
        x=Axis(
            label="run-to-run noise", low=0.05, high=0.3, ticks=[(s, f"{s:.0%}") for s in NOISES]
        ),
        y=Axis(
            label="regressed cells a campaign",
            low=0.003,
            high=300,
            is_log=True,
            ticks=[(0.003, "0"), (0.01, "0.01"), (0.1, "0.1"), (1, "1"), (10, "10"), (100, "100")],
        ),
        lines=[
            Line(
                name="+20 % and p < 0.05",
                colour=1,
                points=[(s, r.plain_alarms) for s, r in of_noise],
            ),
            Line(name="the judge", colour=0, points=[(s, r.false_alarms) for s, r in of_noise]),
        ],
        mark=(1.0, "promised: at most 1"),
    )


def _recall(rows: Rows) -> str:
    lines = []
    for colour, runs in enumerate(RUNS_A_SIDE):
        found = [(factor, rows[lone_cells(factor, runs)]) for factor in FACTORS]
        called = [(factor, row.recall.share) for factor, row in found]
        noticed = [(factor, row.noticed.share) for factor, row in found]
        lines.append(Line(name=f"{runs} runs a side", colour=colour, points=called))
        lines.append(Line(name="", colour=colour, points=noticed, is_dashed=True))
    return line_plot(
        "Regressions found at 10 % noise (dashed: or suspected)",
        x=Axis(label="true change", low=1.2, high=2.0, ticks=[(f, _percent(f)) for f in FACTORS]),
        y=Axis(
            label="share of changed cells",
            low=0.0,
            high=1.0,
            ticks=[(v / 5, f"{v / 5:.1f}") for v in range(6)],
        ),
        lines=lines,
        mark=(0.9, ""),
    )


def _line(row: CalibrationRow, demand: str) -> str:
    recall = share(row.recall) if row.recall.trials else "–"
    noticed = f"{row.noticed.share:.3f}" if row.recall.trials else "–"
    return (
        f"| {row.scenario} | {row.false_alarms:.2f} | {row.plain_alarms:.1f} | {recall} | "
        f"{noticed} | {share(row.as_expected)} | {demand or '(shown)'} |"
    )


def share(p: Proportion) -> str:
    """Return a share with its interval."""
    return f"{p.share:.3f} [{p.low:.3f}, {p.high:.3f}]"


def _percent(factor: float) -> str:
    return f"+{100 * factor - 100:.0f} %"
