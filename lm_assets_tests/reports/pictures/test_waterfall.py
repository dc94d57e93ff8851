"""The waterfall leads from the baseline's seconds to the current ones."""

import re
from xml.etree import ElementTree as ET

import pytest

from lm_assets.model.explanation import ChangePart, ExplainedChange, Explanation
from lm_assets.reports.pictures.waterfall import shown_parts, waterfall_svg, waterfall_words


def explained(*changes, baseline=10.0):
    parts = [
        ChangePart(kind="matched", label=f"stage {i}", baseline_s=1.0, current_s=1.0 + c, share=0.1)
        for i, c in enumerate(changes)
    ]
    change = ExplainedChange(
        metric="duration_s",
        quantity="clock",
        baseline_s=baseline,
        current_s=baseline + sum(changes),
        change=sum(changes) / baseline,
    )
    return Explanation(change=change, coverage=1.0, parts=tuple(parts))


def bars(svg, name):
    found = [e.get("d") for e in ET.fromstring(svg) if name in (e.get("class") or "").split()]
    return [(float(m[1]), m[0]) for m in (re.match(r"M([\d.]+) ", d) for d in found)]


def test_each_bar_begins_where_the_one_before_it_ended():
    svg = waterfall_svg(explained(4.0, -1.0, 2.0), title="x")
    parts = [e.get("d") for e in ET.fromstring(svg) if (e.get("class") or "").startswith("part")]
    ends = [re.match(r"M([\d.]+) [\d.]+h([\d.]+)", d).groups() for d in parts]
    (first, second, third) = [(float(x), float(x) + float(w)) for x, w in ends]
    assert first[1] == pytest.approx(second[0], abs=0.2)
    assert second[1] == pytest.approx(third[1], abs=0.2)


def test_small_parts_are_told_together():
    parts = shown_parts(explained(4.0, 0.001, -0.002))
    assert [p.label for p in parts] == ["stage 0", "2 smaller parts"]
    assert sum(p.change_s for p in parts) == pytest.approx(3.999)


def test_little_change_of_a_large_whole_cuts_the_axis_and_says_so():
    def notches(whole):
        return bars(waterfall_svg(whole, title="x"), "notch")

    assert notches(explained(0.5, baseline=100.0))
    assert not notches(explained(5.0))


def test_it_is_told_in_words_too():
    words = waterfall_words(explained(4.0, -1.0)).replace("\N{NO-BREAK SPACE}", " ")
    assert words == "From 10 s to 13 s: stage 0 +4 s; stage 1 −1 s."
