"""Bounds of metrics: what a value cannot be is no value, on every path that has one."""

import pytest

from lm_assets.model.measurement import Measurements
from lm_assets_tests.builders import a_metric


def test_a_value_beyond_is_missing_with_its_source_and_bounds():
    measured = Measurements(
        values={"gpu_usage_pct": 808_334_905.0, "duration_s": 3.0},
        provenance={"gpu_usage_pct": "result line: gpu", "duration_s": "result line"},
    )
    kept = measured.within({"gpu_usage_pct": (0.0, 100.0)})
    assert kept.values == {"duration_s": 3.0}
    assert kept.missing["gpu_usage_pct"] == (
        "result line: gpu: 8.08335e+08 is beyond what it can be (0 to 100)"
    )


def test_the_next_source_fills_the_gap():
    beyond = Measurements(values={"gc_time_pct": 250.0}, provenance={"gc_time_pct": "a"})
    sound = Measurements(values={"gc_time_pct": 5.0}, provenance={"gc_time_pct": "b"})
    bounds = {"gc_time_pct": (0.0, 100.0)}
    assert beyond.within(bounds).merged_with(sound.within(bounds)).values == {"gc_time_pct": 5.0}


@pytest.mark.parametrize(
    ("metric", "value", "rule"),
    [
        ("duration_s", 0.0, "above zero"),
        ("gc_time_pct", -1.0, "not be below zero"),
        ("gc_time_pct", 250.0, "from 0 to 100 %"),
        ("failed_tasks", 1.5, "whole number"),
        ("failed_tasks", 1e19, "2^53"),
    ],
)
def test_the_rule_that_a_value_breaks_is_named(metric, value, rule):
    known = a_metric(metric, maximum=100.0 if metric == "gc_time_pct" else None)
    assert rule in str(known.rule_broken(value))


def test_a_possible_value_breaks_none():
    assert a_metric("gc_time_pct", maximum=100.0).rule_broken(100.0) is None
