"""Measurements: the first available source wins, and missing is never zero."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.model.measurement import Measurements


def measured(source: str, /, **values: float) -> Measurements:
    return Measurements(values=values, provenance=dict.fromkeys(values, source))


NAMES = st.sampled_from(["duration_s", "oom_kills", "gc_time_pct"])


@st.composite
def measurements(draw: st.DrawFn) -> Measurements:
    values = draw(st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False)))
    missing = draw(st.dictionaries(NAMES, st.sampled_from(["no series", "server down"])))
    source = draw(st.sampled_from(["event log", "history server"]))
    return Measurements(
        values=values,
        missing={name: why for name, why in missing.items() if name not in values},
        provenance=dict.fromkeys(values, source),
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuse_a_value_that_is_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match=r"values\[duration_s\] must be finite"):
        measured("log", duration_s=value)


def test_refuse_a_metric_that_has_a_value_and_is_missing() -> None:
    with pytest.raises(ValueError, match=r"not both: \['oom_kills'\]"):
        Measurements(
            values={"oom_kills": 0.0}, missing={"oom_kills": "x"}, provenance={"oom_kills": "log"}
        )


def test_refuse_a_value_without_its_source() -> None:
    with pytest.raises(ValueError, match=r"must name their source: \['oom_kills'\]"):
        Measurements(values={"oom_kills": 0.0})


def test_take_the_first_available_value_and_its_own_source() -> None:
    merged = measured("result line", duration_s=1.0).merged_with(
        measured("event log", duration_s=2.0, failed_tasks=0.0)
    )
    assert merged.values == {"duration_s": 1.0, "failed_tasks": 0.0}
    assert merged.provenance == {"duration_s": "result line", "failed_tasks": "event log"}


def test_do_not_take_the_source_of_a_gap_for_the_source_of_a_value() -> None:
    gap = Measurements(
        missing={"oom_kills": "no series"}, provenance={"oom_kills": "prometheus query"}
    )
    merged = gap.merged_with(measured("pods.json", oom_kills=1.0))
    assert merged.provenance == {"oom_kills": "pods.json"}
    assert merged.missing == {}


def test_keep_both_reasons_where_neither_source_has_a_value_and_one_reason_once() -> None:
    first = Measurements(missing={"a": "no series", "b": "down"})
    second = Measurements(missing={"a": "no event log", "b": "down"})
    merged = first.merged_with(second)
    assert merged.missing == {"a": "no series; no event log", "b": "down"}


@given(measurements(), measurements(), measurements())
def test_merge_without_losing_a_value_or_a_gap_and_in_any_grouping(
    a: Measurements, b: Measurements, c: Measurements
) -> None:
    merged = a.merged_with(b).merged_with(c)
    known = [{*m.values, *m.missing} for m in (a, b, c)]
    assert {*merged.values, *merged.missing} == set().union(*known)
    for name, value in merged.values.items():
        first = next(m for m in (a, b, c) if name in m.values)
        assert (value, merged.provenance[name]) == (first.values[name], first.provenance[name])
    regrouped = a.merged_with(b.merged_with(c))
    assert regrouped.values == merged.values
    assert regrouped.provenance == merged.provenance
    assert regrouped.missing.keys() == merged.missing.keys()
