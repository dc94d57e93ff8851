from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lm_assets.regression.baselines import initial_entries
from lm_assets_tests.builders import CAMPAIGN, COMBINATION, STARTED, a_record, a_subject

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def runs(durations, **changes):
    return [
        a_record(
            run_id=f"run-{k}",
            started_at=STARTED + timedelta(minutes=k),
            tier3_performance={"duration_s": float(duration)},
            **changes,
        )
        for k, duration in enumerate(durations, start=1)
    ]


def initial(records, **changes):
    return initial_entries(records, now=NOW, reason="initial baseline", **changes)


def test_five_sound_runs_make_a_baseline():
    entries, refusals = initial(runs([12.0, 12.1, 12.2, 12.3, 12.4]))
    assert refusals == []
    entry = entries[COMBINATION]
    assert entry.sample_size == 5
    assert entry.metrics["duration_s"].samples == (12.0, 12.1, 12.2, 12.3, 12.4)
    assert entry.metrics.keys() == {"duration_s", "failed_tasks", "gc_time_pct"}
    assert entry.runs == ("run-1", "run-2", "run-3", "run-4", "run-5")
    assert entry.source_campaigns == (CAMPAIGN,)
    assert entry.created_at == entry.updated_at == "2026-11-22T03:00:00+00:00"
    assert entry.environment == a_record().environment
    assert entry.subject == a_subject()


def test_the_first_samples_are_pinned_as_the_anchor():
    entries, _ = initial(runs([12.0, 12.1, 12.2, 12.3, 12.4]))
    entry = entries[COMBINATION]
    assert entry.anchor.samples == {n: m.samples for n, m in entry.metrics.items()}


@pytest.mark.parametrize("count", [1, 4])
def test_fewer_than_five_runs_are_refused_with_what_is_missing(count):
    entries, (refusal,) = initial(runs([12.0] * count))
    assert entries == {}
    assert refusal.combination == COMBINATION
    assert refusal.rule == "too_few_runs"
    assert f"{count} sound runs, 5 needed: {5 - count} more to run" in refusal.detail


def test_a_failed_run_never_enters_and_is_listed_with_its_exit_code():
    records = [*runs([12.0, 12.1, 12.2, 12.3, 12.4]), a_record(run_id="run-6", exit_code=137)]
    entries, refusals = initial(records)
    assert refusals == []
    (rejected,) = entries[COMBINATION].rejected_runs
    assert (rejected.run_id, "exit code 137" in rejected.reason) == ("run-6", True)
    assert "run-6" not in entries[COMBINATION].runs


def test_a_shortage_through_failed_runs_names_them():
    records = [*runs([12.0, 12.1, 12.2, 12.3]), a_record(run_id="run-5", exit_code=1)]
    _, (refusal,) = initial(records)
    assert f"{CAMPAIGN}/run-5: the run failed with exit code 1" in refusal.detail


def test_a_run_delivered_twice_counts_once():
    records = runs([12.0, 12.1, 12.2, 12.3])
    entries, (refusal,) = initial([*records, records[0]])
    assert entries == {}
    assert refusal.rule == "too_few_runs"
    assert "already among the samples" in refusal.detail


def test_the_same_run_id_in_two_campaigns_is_two_runs():
    first = runs([12.0, 12.1, 12.2])
    second = runs([12.3, 12.4], campaign="nightly-2026-11-23-2b3c4d5")
    entries, _ = initial([*second, *first])
    assert entries[COMBINATION].sample_size == 5
    assert len(entries[COMBINATION].source_campaigns) == 2


def test_runs_without_times_are_ordered_by_their_number():
    records = [
        a_record(
            run_id=f"run-{k}",
            started_at=None,
            ended_at=None,
            tier3_performance={"duration_s": float(k)},
        )
        for k in (10, 2, 1, 11, 3)
    ]
    entries, _ = initial(records)
    assert entries[COMBINATION].metrics["duration_s"].samples == (1.0, 2.0, 3.0, 10.0, 11.0)


def test_a_metric_with_too_few_values_stays_out_and_says_why():
    records = [
        *runs([12.0, 12.1, 12.2, 12.3]),
        a_record(run_id="run-9", tier3_performance={}, missing={"duration_s": "no end event"}),
    ]
    entries, (refusal,) = initial(records)
    assert "duration_s" not in entries[COMBINATION].metrics
    assert (refusal.metric, refusal.rule) == ("duration_s", "too_few_samples")
    assert "4 values in 5 runs, 5 needed; missing because: no end event" in refusal.detail


def test_a_value_too_large_to_summarise_is_no_sample_and_makes_no_baseline():
    entries, (refusal,) = initial(runs([12.0, 12.1, 1e200, 12.3, 12.4]))
    assert "duration_s" not in entries[COMBINATION].metrics
    assert (refusal.metric, refusal.rule) == ("duration_s", "too_few_samples")
    assert refusal.detail == "4 values in 5 runs, 5 needed"


def test_runs_without_any_value_make_no_baseline():
    nothing = {"tier1_stability": {}, "tier2_efficiency": {}, "tier3_performance": {}}
    entries, (refusal,) = initial([a_record(run_id=f"r{k}", **nothing) for k in range(5)])
    assert entries == {}
    assert "none of the 5 runs has a value" in refusal.detail


@settings(deadline=None)
@given(st.permutations(runs([12.0, 11.1, 12.2, 10.3, 12.4, 9.9])))
def test_the_order_of_delivery_does_not_matter(records):
    assert initial(records) == initial(runs([12.0, 11.1, 12.2, 10.3, 12.4, 9.9]))


@settings(deadline=None)
@given(st.text(max_size=50))
def test_any_run_id_can_be_ordered(run_id):
    records = [a_record(run_id=run_id, started_at=None, ended_at=None), *runs([1, 2, 3, 4])]
    entries, _ = initial(records)
    assert entries[COMBINATION].sample_size == 5
