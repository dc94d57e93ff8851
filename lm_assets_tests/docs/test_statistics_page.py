"""The figures of docs/statistics.md and docs/calibration.md are those of the benchmarks' rows."""

import re
import xml.etree.ElementTree as ET

import pytest

from benchmarks.figures import calibration_page, change_point_page
from benchmarks.figures.calibration_scenarios import FACTORS, RUNS_A_SIDE, scenarios
from benchmarks.figures.pages import between_marks
from benchmarks.figures.svg_plots import Axis, Line, bar_plot, line_plot
from benchmarks.stats_power import NOISES, RUNS
from lm_assets_tests.architecture.project import PROJECT

DOCS = PROJECT / "docs"
STATISTICS = (DOCS / "statistics.md").read_text(encoding="utf-8")
CALIBRATION = (DOCS / "calibration.md").read_text(encoding="utf-8")
SHARES = dict.fromkeys((change_point_page.OURS, change_point_page.THEIRS), 0.5)


def section(name: str) -> str:
    return STATISTICS.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]


def first_column(table: str) -> list[str]:
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows[1:]]


def cases() -> list[str]:
    page = change_point_page
    return [
        *(page.NORMAL, page.HEAVY, page.LOG_NORMAL, page.SPIKE),
        *(page.in_the_middle(height) for height in page.MIDDLE_HEIGHTS),
        *(page.points_seen(height, n) for height in page.LATE_HEIGHTS for n in page.POINTS_SEEN),
    ]


def test_every_scenario_with_a_promise_is_in_the_statistics_and_every_one_in_the_calibration():
    promised = [s.name for s in scenarios() if s.demand]
    assert first_column(section("calibration")) == promised
    assert first_column(CALIBRATION)[: len(scenarios())] == [s.name for s in scenarios()]


def test_both_pages_show_the_same_figures():
    rows = [line for line in section("calibration").splitlines() if line.startswith("| ")][1:]
    assert rows
    for row in rows:
        assert row in CALIBRATION


def test_recall_has_a_row_for_every_number_of_runs_and_a_column_for_every_size():
    table = CALIBRATION.split("## Recall by size")[1].split("\n## ")[0]
    assert first_column(table) == [str(runs) for runs in RUNS_A_SIDE]
    header = next(line for line in table.splitlines() if line.startswith("| runs"))
    assert header.count("%") == len(FACTORS)


def test_every_case_of_change_points_and_every_number_of_runs_has_its_row():
    assert first_column(section("change_points")) == cases()
    assert first_column(section("power")) == [str(n) for n in RUNS]


def test_every_plot_that_a_page_shows_is_there_and_every_plot_is_shown():
    shown = set(re.findall(r"!\[[^\]]+\]\(plots/([\w-]+)\.svg\)", STATISTICS + CALIBRATION))
    drawn = {*calibration_page.PLOTS, *change_point_page.PLOTS, "power"}
    assert shown == drawn == {path.stem for path in (DOCS / "plots").glob("*.svg")}


@pytest.mark.parametrize("name", [*calibration_page.PLOTS, *change_point_page.PLOTS, "power"])
def test_a_plot_stands_alone_is_small_and_has_colours_for_dark_pages(name):
    content = (DOCS / "plots" / f"{name}.svg").read_text(encoding="utf-8")
    root = ET.fromstring(content)
    assert root.get("aria-label")
    assert len(content) < 10_000
    assert "prefers-color-scheme:dark" in content
    assert "href" not in content
    assert "nan" not in content


def test_change_point_plots_are_drawn_from_the_rows_of_the_table():
    found = {name: dict(SHARES) for name in cases()}
    before = change_point_page.plots(found)
    found[change_point_page.HEAVY][change_point_page.THEIRS] = 0.25
    after = change_point_page.plots(found)
    assert before["change_point_delay"] == after["change_point_delay"]
    assert before["change_point_false_alarms"] != after["change_point_false_alarms"]
    assert ">25.0%<" in after["change_point_false_alarms"]
    assert "| 0.250 |" in change_point_page.table(found, n_series=1)


def test_a_line_goes_where_its_axis_says_and_never_outside():
    axis = Axis(label="share", low=0.01, high=100.0, ticks=[], is_log=True)
    assert [axis.share(v) for v in (0.0, 0.01, 1.0, 100.0, 1e9)] == pytest.approx(
        [0.0, 0.0, 0.5, 1.0, 1.0]
    )
    linear = Axis(label="n", low=0.0, high=10.0, ticks=[(0.0, "0")])
    lines = [Line(name="a<b", points=[(0.0, 0.0), (10.0, 10.0)], colour=0)]
    first = line_plot("t", x=linear, y=linear, lines=lines, mark=(5.0, "half"))
    assert first == line_plot("t", x=linear, y=linear, lines=lines, mark=(5.0, "half"))
    assert "a&lt;b" in first
    ET.fromstring(bar_plot("t", y=linear, groups=[("x", [1.0])], names=["a"]))


def test_what_stands_between_marks_is_replaced_and_nothing_else():
    page = "a\n<!-- t:begin -->\nold\n<!-- t:end -->\nb\n"
    once = between_marks(page, "t", "new")
    assert once == "a\n<!-- t:begin -->\nnew\n<!-- t:end -->\nb\n"
    assert between_marks(once, "t", "new") == once
    with pytest.raises(ValueError, match="once each"):
        between_marks("nothing", "t", "new")


def test_power_is_shown_for_each_noise():
    header = next(line for line in section("power").splitlines() if line.startswith("| runs"))
    assert [f"noise {sd:.0%}" in header for sd in NOISES] == [True] * len(NOISES)
