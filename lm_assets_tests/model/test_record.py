"""Canonical records refuse what a reader could misunderstand."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from lm_assets.model.record import RunRecord, SourceObject

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def record(**changes: object) -> RunRecord:
    settings: dict[str, object] = {
        "campaign": "nightly-2026-11-22-1a2b3c4",
        "combination": "a_b",
        "dimensions": {"x": "a", "y": "b"},
        "run_id": "run-1",
        "started_at": NOON,
        "ended_at": None,
        "source_object": SourceObject(key="k", etag="e", line=1),
        **changes,
    }
    return RunRecord(**settings)  # type: ignore[arg-type]


def test_a_record_joins_the_metrics_of_its_tiers() -> None:
    made = record(
        tier1_stability={"oom_kills": 0.0},
        tier2_efficiency={"gc_time_pct": 3.5},
        tier3_performance={"duration_s": 12.0},
    )
    assert made.metrics == {"oom_kills": 0.0, "gc_time_pct": 3.5, "duration_s": 12.0}


@pytest.mark.parametrize(
    ("exit_code", "failed"), [(None, False), (0, False), (1, True), (-9, True)]
)
def test_a_run_failed_when_its_exit_code_says_so(exit_code: int | None, failed: bool) -> None:
    assert record(exit_code=exit_code).is_failed is failed


@pytest.mark.parametrize("field", ["started_at", "ended_at"])
@pytest.mark.parametrize(
    "moment",
    [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=2)))],
    ids=["without zone", "in another zone"],
)
def test_a_time_that_is_not_in_utc_is_refused(field: str, moment: datetime) -> None:
    with pytest.raises(ValueError, match=f"{field} must be in UTC"):
        record(**{field: moment})


@pytest.mark.parametrize("tier", ["tier1_stability", "tier2_efficiency", "tier3_performance"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_refused(tier: str, value: float) -> None:
    with pytest.raises(ValueError, match="duration_s must be finite or missing"):
        record(**{tier: {"duration_s": value}})


def test_a_metric_with_a_value_cannot_be_missing_too() -> None:
    with pytest.raises(ValueError, match=r"not both: \['duration_s'\]"):
        record(tier3_performance={"duration_s": 1.0}, missing={"duration_s": "no source"})


def test_a_stored_value_beyond_the_bound_is_kept_and_is_no_sample() -> None:
    stored = record(tier3_performance={"duration_s": 1e155, "latency_p50_ms": 3.0})
    assert "duration_s" not in stored.metrics
    assert stored.metrics["latency_p50_ms"] == 3.0
    assert stored.tier3_performance["duration_s"] == 1e155
