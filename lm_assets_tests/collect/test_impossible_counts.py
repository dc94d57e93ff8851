"""Counts that are none are no plain figure of a record, whoever said them."""

import pytest

from lm_assets.collect.campaign_records import canonical_record
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.metric import Scale
from lm_assets_tests.collect.test_campaign_records import (
    MANIFEST,
    measured,
    one_run,
)

METRICS = shipped_metrics()
COUNTS = [m.name for m in METRICS if m.scale is Scale.COUNT]


def record(*sources, **fields):
    return canonical_record(
        one_run(**fields), manifest=MANIFEST, metrics=METRICS, measurements=sources
    )


@pytest.mark.parametrize("metric", COUNTS)
@pytest.mark.parametrize("value", [2.5, 9e18, 2.0**31])
class TestACountThatIsNone:
    def test_of_a_result_line_is_missing_with_rule_and_value(self, metric, value):
        found = record(**{metric: value})
        assert metric not in found.tier1_stability
        assert f"result line: {metric}: {value:g} is beyond what it can be" in found.missing[metric]

    def test_of_another_source_is_missing_too(self, metric, value):
        found = record(measured("prometheus", **{metric: value}))
        assert metric not in found.tier1_stability
        assert f"{value:g} is beyond what it can be" in found.missing[metric]

    def test_leaves_it_to_the_next_source(self, metric, value):
        found = record(measured("event log", **{metric: 3.0}), **{metric: value})
        assert found.tier1_stability[metric] == 3.0


def test_the_rule_names_that_counts_are_whole():
    assert (
        "2.5 is beyond what it can be (a whole number)"
        in record(failed_tasks=2.5).missing["failed_tasks"]
    )


@pytest.mark.parametrize("value", [0, 7, 2.0**31 - 1])
def test_a_count_is_kept(value):
    assert record(failed_tasks=value).tier1_stability["failed_tasks"] == value


@pytest.mark.parametrize("value", [9e17, 1.1e9])
def test_spill_of_petabytes_is_no_share(value):
    assert "shuffle_spill_pct" in record(shuffle_spill_pct=value).missing


def test_what_is_derived_of_a_refused_figure_is_missing_in_that_source_alone():
    beyond = measured("history server", cpu_core_seconds=-1.0, cpu_usage_pct=50.0)
    sound = measured("event log", cpu_core_seconds=9.0, cpu_usage_pct=40.0)
    assert record(beyond, sound).tier2_efficiency == {
        "cpu_core_seconds": 9.0,
        "cpu_usage_pct": 40.0,
    }
    assert (
        "derived from cpu_core_seconds: history server" in record(beyond).missing["cpu_usage_pct"]
    )
