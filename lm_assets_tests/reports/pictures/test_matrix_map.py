"""The matrix is laid out as people read it, and every combination is on it once."""

from xml.etree import ElementTree as ET

import pytest

from lm_assets.model.verdict import Verdict
from lm_assets.reports.overview import campaign_map
from lm_assets.reports.pictures.heat_map import heat_map_svg
from lm_assets.reports.pictures.matrix_map import MapCell, in_order, matrix_map
from lm_assets.reports.pictures.signs import sign_shape
from lm_assets_tests.builders import a_cell, a_report_material, a_verdict

GRID = {
    f"{v}_{o}_{s}": {"mode": "local", "version": v, "operation": o, "size": s}
    for v in ("3.5", "4.0")
    for o in ("read", "join")
    for s in ("10gb", "2gb")
}


def cells(verdict=Verdict.UNCHANGED, **changes):
    return [MapCell(combination=name, verdict=verdict, **changes) for name in GRID]


def test_inner_dimensions_stand_across_and_outer_ones_down():
    grid = matrix_map(cells(), GRID)
    assert (grid.row_dimensions, grid.column_dimensions) == (("version",), ("operation", "size"))
    assert grid.columns == (("join", "2gb"), ("join", "10gb"), ("read", "2gb"), ("read", "10gb"))
    assert [s.value for s in grid.column_headings[0]] == ["join", "read"]
    assert grid.constant == {"mode": "local"}


def test_values_stand_as_the_matrix_lists_them_and_others_after_them():
    assert in_order({"large", "small", "10gb", "2gb"}, ["small", "large"]) == [
        "small",
        "large",
        "2gb",
        "10gb",
    ]


def test_every_combination_has_one_place():
    grid = matrix_map(cells(), GRID, most_columns=2)
    assert grid.row_dimensions == ("version", "operation")
    assert {c.combination for c in grid.cells.values()} == set(GRID)
    assert len(grid.cells) == len(GRID)


def test_combinations_without_dimensions_are_kept_beside_the_grid():
    grid = matrix_map([*cells(), MapCell(combination="odd", verdict=None)], GRID)
    assert [cell.combination for cell in grid.loose] == ["odd"]
    assert "not judged 1" in grid.words


@pytest.mark.parametrize(("far", "shade"), [(0.0, 0), (0.5, 1), (1.0, 2), (2.5, 3), (40.0, 4)])
def test_the_shade_is_how_many_thresholds_the_change_is_far(far, shade):
    assert MapCell(combination="x", verdict=Verdict.REGRESSED, thresholds=far).shade == shade


def test_the_heat_map_tells_verdicts_by_colour_and_by_sign_and_in_words():
    marked = cells()
    marked[0] = MapCell(
        combination=marked[0].combination,
        verdict=Verdict.REGRESSED,
        metric="Duration",
        change=0.8,
        thresholds=4.0,
    )
    grid = matrix_map(marked, GRID)
    root = ET.fromstring(heat_map_svg(grid, title="The matrix"))
    grounds = [e.get("class") for e in root if (e.get("class") or "").startswith("ground")]
    assert grounds == ["ground v-regressed s4", "ground v-unchanged s0"]
    words = root[1].text.replace("\N{NO-BREAK SPACE}", " ")
    assert "regressed 1, unchanged 7" in words
    assert "3.5_read_10gb: regressed, Duration +80 %" in words


def test_verdicts_that_differ_have_signs_that_differ():
    shapes = [sign_shape(v, 0, 0) for v in Verdict]
    alike = {Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.NO_BASELINE, Verdict.INSUFFICIENT_DATA}
    assert len(set(shapes)) == len(shapes) - len(alike) + 2


def test_a_combination_is_shown_by_its_worst_cell_or_by_what_its_first_metric_says():
    material = a_report_material(
        combination_count=1,
        verdict=a_verdict(
            [
                a_cell(combination=name, metric=metric, verdict=verdict)
                for name, metric, verdict in (
                    ("a", "gc_time_pct", Verdict.REGRESSED),
                    ("a", "duration_s", Verdict.UNCHANGED),
                    ("b", "latency_p99_ms", Verdict.INCONCLUSIVE),
                    ("b", "duration_s", Verdict.IMPROVED),
                )
            ]
        ),
    )
    shown = {c.combination: c.verdict for c in campaign_map(material).loose}
    assert shown["a"] is Verdict.REGRESSED
    assert shown["b"] is Verdict.IMPROVED
