"""The trend shows what the campaigns say, in marks and in words."""

import re
from xml.etree import ElementTree as ET

import pytest

from lm_assets.model.history import LevelChange
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.canvas import nice_ticks
from lm_assets.reports.pictures.trend import (
    Trend,
    TrendPoint,
    sparkline_svg,
    trend_svg,
    trend_words,
)

SVG = "{http://www.w3.org/2000/svg}"


def a_trend(values=(10.0, 10.4, 9.8, 14.1, 14.0), **changes):
    points = [TrendPoint(campaign=f"night-{i}", value=v) for i, v in enumerate(values, start=1)]
    return Trend(**{"label": "Duration", "unit": "s", "points": points, **changes})


def shifted():
    shift = LevelChange(campaign="night-4", index=3, before=10.1, after=14.05, degradation=0.39)
    return a_trend(band=(9.7, 10.5), shifts=[shift])


def marks(svg, name):
    return [e for e in ET.fromstring(svg).iter(f"{SVG}path") if name in e.get("class").split()]


def moves(path):
    return len(re.findall("M", path.get("d")))


@pytest.mark.parametrize("draw", [trend_svg, sparkline_svg])
def test_a_picture_is_well_formed_and_says_what_it_shows(draw):
    root = ET.fromstring(draw(shifted()))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Duration in s over 5 campaigns, the oldest first"
    words = root.find(f"{SVG}desc").text
    assert words == trend_words(shifted())
    assert "Level shift at night-4: 10.1 s to 14.1 s." in words.replace("\N{NO-BREAK SPACE}", " ")


def test_a_campaign_without_a_value_is_a_gap_in_the_line():
    gapped = a_trend((10.0, None, 10.2, 10.3))
    (line,) = marks(trend_svg(gapped), "trend")
    assert moves(line) == 2
    assert "1 campaign without a value" in trend_words(gapped)


def test_a_level_shift_stands_between_its_campaigns_with_its_size():
    svg = trend_svg(shifted())
    (upright,) = marks(svg, "shift")
    x = float(re.match(r"M([\d.]+)", upright.get("d"))[1])
    dots = [float(d) for d in re.findall(r"M([\d.]+)", marks(svg, "dots")[0].get("d"))]
    assert x == pytest.approx((dots[2] + dots[3]) / 2, abs=0.2)
    assert "v-regressed" in upright.get("class")
    assert any("+39" in (t.text or "") for t in ET.fromstring(svg).iter(f"{SVG}text"))


def test_verdicts_versions_and_what_is_known_are_marked():
    points = [
        TrendPoint(campaign="a", value=10.0, version="3.5"),
        TrendPoint(campaign="b", value=13.0, version="4.0", verdict=Verdict.REGRESSED),
        TrendPoint(campaign="c", value=13.1, version="4.0", is_acknowledged=True),
        TrendPoint(campaign="d", value=8.0, version="4.0", verdict=Verdict.IMPROVED),
    ]
    trend = a_trend(points=points)
    svg = trend_svg(trend)
    assert [m.get("class") for m in marks(svg, "sign")] == ["sign v-regressed", "sign v-improved"]
    assert moves(marks(svg, "known")[0]) == moves(marks(svg, "version")[0]) == 1
    assert "Regressed: b." in trend_words(trend)
    assert "Acknowledged: c." in trend_words(trend)


def test_the_baseline_band_lies_where_its_values_do():
    svg = trend_svg(a_trend((10.0, 10.0), band=(9.0, 11.0)))
    (band,) = marks(svg, "band")
    top, height = map(float, re.match(r"M[\d.]+ ([\d.]+)H[\d.]+v([\d.]+)", band.get("d")).groups())
    dot = float(re.match(r"M[\d.]+ ([\d.]+)", marks(svg, "dots")[0].get("d"))[1])
    assert top + height / 2 == pytest.approx(dot, abs=0.2)


def test_a_far_threshold_is_not_drawn_at_the_line_s_expense():
    assert marks(trend_svg(a_trend(threshold=12.0)), "limit")
    assert not marks(trend_svg(a_trend(threshold=1000.0)), "limit")


@pytest.mark.parametrize("values", [(), (None, None), (5.0,), (5.0, 5.0), (0.0, 0.0), (-1.0, 1.0)])
def test_few_and_equal_values_still_give_a_picture(values):
    for draw in (trend_svg, sparkline_svg):
        svg = draw(a_trend(values))
        ET.fromstring(svg)
        assert "nan" not in svg


def test_names_from_outside_stay_text():
    svg = trend_svg(a_trend(label="<script>", unit="&"))
    assert "<script>" not in svg
    ET.fromstring(svg)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 10.0, [0.0, 5.0, 10.0]), (9.3, 14.6, [10.0, 12.0, 14.0]), (3.0, 3.0, [3.0])],
)
def test_ticks_are_round_numbers_inside_the_axis(low, high, expected):
    assert nice_ticks(low, high) == pytest.approx(expected)
