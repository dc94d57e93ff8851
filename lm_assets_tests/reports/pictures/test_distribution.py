"""Both sides' runs stand where their values are, beside the threshold."""

import re
from xml.etree import ElementTree as ET

import pytest

from lm_assets.reports.pictures.distribution import (
    distribution_marks,
    distribution_svg,
    distribution_words,
)

AT = {"x": 0.0, "y": 0.0, "width": 100.0, "height": 20.0}


def drawn(baseline, current, threshold=None):
    return dict(distribution_marks(baseline, current, threshold=threshold, **AT))


def dots(marks, side):
    (data,) = [d for s, d in marks.items() if f'class="{side}"' in s and "linecap" in s]
    return [float(x) for x in re.findall(r"M([\d.]+)", data)]


def test_both_sides_share_one_scale():
    marks = drawn([1.0, 2.0], [3.0])
    low, high = dots(marks, "base")
    assert high - low == pytest.approx(dots(marks, "current")[0] - high, abs=0.2)


def test_equal_runs_stand_on_one_place_inside_the_picture():
    (first, second) = dots(drawn([], [7.0, 7.0]), "current")
    assert first == second
    assert 0 < first < 100


def test_the_threshold_is_drawn_where_it_counts_and_left_out_far_away():
    def limits(t):
        return [s for s in drawn([10.0, 11.0], [12.0], t) if "limit" in s]

    assert len(limits(12.6)) == 1
    assert limits(1000.0) == []


def test_nothing_measured_draws_nothing_and_says_so():
    assert drawn([], []) == {}
    assert distribution_words([], [2.0], unit="s").startswith("Baseline: no value.")
    ET.fromstring(distribution_svg([], [], label="<x>", unit="&"))


def test_the_picture_says_what_it_shows():
    svg = distribution_svg([1.0, 2.0, 3.0], [4.0], label="Duration", unit="s", threshold=2.4)
    words = ET.fromstring(svg)[1].text.replace("\N{NO-BREAK SPACE}", " ")
    assert words == (
        "Baseline: 3 runs, 1 s to 3 s, median 2 s. Current: 1 run, 4 s to 4 s, median 4 s. "
        "Threshold 2.4 s."
    )
