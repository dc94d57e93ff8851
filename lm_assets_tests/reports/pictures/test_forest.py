"""Charts are well-formed pictures whose marks stand where the numbers say."""

import base64
import re
from xml.etree import ElementTree as ET

import pytest

from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.canvas import data_uri
from lm_assets.reports.pictures.forest import forest_svg
from lm_assets.reports.pictures.marks import ChangeAxis, drawn, interval_marks
from lm_assets_tests.builders import a_cell, a_decision_rule, a_metric_catalogue

AT = {"x": 0.0, "y": 0.0, "width": 100.0, "height": 20.0}


def axis(*cells, unit="relative", threshold=0.2):
    return ChangeAxis.covering(cells, change_unit=unit, threshold=threshold)


def test_no_change_is_in_the_middle_and_doubling_mirrors_halving():
    ratios = axis(a_cell(change_ci95=(-0.5, 1.0)))
    assert ratios.place(0.0) == 0.5
    assert ratios.place(1.0) - 0.5 == pytest.approx(0.5 - ratios.place(-0.5))


def test_points_lie_on_a_linear_axis():
    points = axis(a_cell(change_unit="points", change_ci95=(-20, 20)), unit="points", threshold=5)
    assert points.place(20) - 0.5 == pytest.approx(2 * (points.place(10) - 0.5))


def test_the_thresholds_are_always_inside_the_axis():
    places = axis(a_cell(change=0.001, change_ci95=(0.0, 0.002))).threshold_places()
    assert len(places) == 2
    assert all(0.1 < place < 0.9 for place in places)


def test_one_huge_change_does_not_flatten_the_others_and_leaves_by_an_arrow():
    huge = a_cell(change=40.0, change_ci95=(30.0, 50.0))
    ratios = axis(huge, a_cell(change=0.3))
    assert ratios.place(0.3) > 0.55
    assert ratios.place(40.0) == 1.0
    assert ratios.is_beyond(30.0)
    assert "l4 3l-4 3z" in drawn(interval_marks(huge, ratios, **AT))


def test_a_ratio_of_zero_lies_at_the_left_edge():
    assert axis(a_cell()).place(-1.0) == 0.0


def test_an_axis_without_a_threshold_has_no_marks():
    assert axis(a_cell(), threshold=None).threshold_places() == ()


def test_a_cell_without_a_change_draws_nothing():
    assert list(interval_marks(a_cell(change=None), axis(a_cell()), **AT)) == []


def test_what_is_not_established_is_an_open_dot():
    open_dot = drawn(interval_marks(a_cell(verdict=Verdict.SUSPECTED), axis(a_cell()), **AT))
    full_dot = drawn(interval_marks(a_cell(), axis(a_cell()), **AT))
    assert re.search(r'fill="none" stroke="#e69f00" stroke-width="1.2"', open_dot)
    assert re.search(r'fill="#d55e00" stroke="#d55e00"', full_dot)


def test_marks_of_one_style_become_one_path():
    assert drawn([("a", "M0 0"), ("b", "M1 1"), ("a", "M2 2")]) == (
        '<path a d="M0 0M2 2"/><path b d="M1 1"/>'
    )


def test_the_forest_shows_the_worst_cells_and_escapes_their_names():
    cells = [
        a_cell(combination="<b>&", degradation=0.9),
        a_cell(combination="second", degradation=0.5),
        a_cell(combination="third", degradation=0.3),
    ]
    svg = forest_svg(cells, a_metric_catalogue(), a_decision_rule(), limit=2)
    labels = [text.text for text in ET.fromstring(svg).iter() if text.tag.endswith("text")]
    rows, axis_labels = labels[:4], labels[4:]
    assert rows == ["Duration · <b>&", "+80\u00a0%", "Duration · second", "+80\u00a0%"]
    assert axis_labels == ["change; dashed: ±20\u00a0%", "−33\u00a0%", "+50\u00a0%", "0"]


def test_an_axis_of_points_ends_at_a_round_number():
    cell = a_cell(change_unit="points", change=31.0, change_ci95=(20.0, 42.0))
    svg = forest_svg([cell], a_metric_catalogue(), a_decision_rule())
    labels = [text.text for text in ET.fromstring(svg).iter() if text.tag.endswith("text")]
    assert [label.replace("\u00a0", " ") for label in labels[-3:]] == ["−20 pp", "+20 pp", "0"]


def test_a_control_character_in_a_name_keeps_the_picture_well_formed():
    cell = a_cell(combination="a\x00b\x1bc")
    svg = forest_svg([cell], a_metric_catalogue(), a_decision_rule())
    ET.fromstring(svg)


def test_a_data_uri_holds_the_picture():
    svg = forest_svg([a_cell()], a_metric_catalogue(), a_decision_rule())
    head, data = data_uri(svg).split(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == svg
