"""Which changes of a baseline are accepted, which are refused, and what is recorded of them."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines import ChangeRequest, Guard, initial_entries, plan_change
from lm_assets.regression.baselines.guards import odd_samples
from lm_assets.regression.baselines.moves import detectable_changes, metric_moves
from lm_assets_tests.builders import (
    COMBINATION,
    ENVIRONMENT,
    STARTED,
    a_baseline,
    a_metric_baseline,
    a_metric_catalogue,
    a_record,
)

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
METRICS = a_metric_catalogue()
POLICY = StagePolicy()
LATER = "nightly-2026-11-29-7a7a7a7"


def runs(durations, *, campaign=LATER, **changes):
    fields = {"tier2_efficiency": {}, **changes}
    return [
        a_record(
            campaign=campaign,
            run_id=f"run-{k}",
            started_at=STARTED + timedelta(minutes=k),
            tier3_performance={"duration_s": float(duration)},
            **fields,
        )
        for k, duration in enumerate(durations, start=1)
    ]


def catalogue_of(durations=(12.0, 12.1, 12.2, 12.3, 12.4), **changes):
    entries, _ = initial_entries(
        runs(durations, campaign="nightly-2026-11-01-aaaaaaa", **changes),
        now=NOW - timedelta(days=28),
        reason="initial baseline",
    )
    return BaselineCatalogue(entries=entries, digest="before")


def plan(records, *, catalogue=None, **changes):
    request = ChangeRequest(**{"now": NOW, "reason": "a new release", **changes})
    return plan_change(
        records,
        request,
        catalogue=catalogue_of() if catalogue is None else catalogue,
        metrics=METRICS,
        policy=POLICY,
    )


SOUND = (12.3, 12.5, 12.4, 12.6, 12.2)


def rules(made):
    return [refusal.rule for refusal in made.refusals]


def test_sound_samples_replace_the_old_ones_whole():
    made = plan(runs(SOUND))
    assert made.refusals == ()
    (change,) = made.changes
    assert change.new.metrics["duration_s"].samples == SOUND
    assert change.new.source_campaigns == (LATER,)
    assert change.new.created_at == change.old.created_at
    assert change.new.updated_at == "2026-11-29T03:00:00+00:00"
    assert change.new.reason == "a new release"
    assert made.catalogue.entries == {COMBINATION: change.new}


def test_the_change_is_that_of_geometric_means():
    (change,) = plan(runs([12.6, 12.7, 12.8, 12.9, 13.0])).changes
    (move,) = [m for m in change.moves if m.metric == "duration_s"]
    expected = (
        np.exp(
            np.mean(np.log([12.6, 12.7, 12.8, 12.9, 13.0]))
            - np.mean(np.log([12.0, 12.1, 12.2, 12.3, 12.4]))
        )
        - 1
    )
    assert move.change == pytest.approx(expected, rel=1e-12)
    assert move.degradation == move.against_anchor == move.change
    assert not move.is_loss


def test_a_combination_that_no_pattern_selects_is_left_alone():
    made = plan(runs(SOUND), patterns=("*_write_*",))
    assert (made.changes, made.refusals) == ((), ())
    assert made.catalogue.entries == catalogue_of().entries


def test_a_refused_combination_keeps_what_it_has():
    made = plan(runs(SOUND[:4]))
    assert rules(made) == ["too_few_runs"]
    assert made.catalogue.entries == catalogue_of().entries


def test_only_new_combinations_are_made_when_asked_so():
    made = plan(runs(SOUND), only_new=True)
    assert rules(made) == ["already_present"]
    assert made.catalogue.entries == catalogue_of().entries


class TestLosses:
    def test_a_loss_beyond_the_threshold_is_refused(self):
        made = plan(runs(v * 1.25 for v in SOUND))
        assert made.changes == ()
        assert made.has_unacknowledged_loss
        (refusal,) = made.refusals
        assert refusal.metric == "duration_s"
        assert "worse than the baseline" in refusal.detail

    def test_an_acknowledged_loss_is_accepted_and_recorded(self):
        made = plan(
            runs(v * 1.25 for v in SOUND),
            acknowledged={"duration_s": "PERF-12", "gc_time_pct": "PERF-13"},
        )
        assert not made.has_unacknowledged_loss
        (change,) = made.changes
        assert change.new.acknowledged_findings == {"duration_s": "PERF-12"}

    def test_a_gain_of_any_size_needs_no_acknowledgement(self):
        assert plan(runs(v / 3 for v in SOUND)).refusals == ()

    @pytest.mark.parametrize(
        ("factor", "is_refused"), [(0.75, True), (1.25, False)], ids=["fewer rows", "more rows"]
    )
    def test_of_a_throughput_less_is_worse(self, factor, is_refused):
        before = [
            dataclasses.replace(r, tier3_performance={"throughput_rows_s": 100.0 + k})
            for k, r in enumerate(runs(SOUND))
        ]
        entries, _ = initial_entries(before, now=NOW, reason="initial")
        after = [
            dataclasses.replace(r, tier3_performance={"throughput_rows_s": (100.0 + k) * factor})
            for k, r in enumerate(runs(SOUND))
        ]
        made = plan(after, catalogue=BaselineCatalogue(entries=entries))
        assert made.has_unacknowledged_loss is is_refused

    def test_small_steps_cannot_outrun_the_anchor(self):
        catalogue = catalogue_of()
        accepted = 0
        for step in range(1, 4):
            made = plan(
                runs(v * 1.09**step for v in (12.0, 12.1, 12.2, 12.3, 12.4)), catalogue=catalogue
            )
            if made.has_unacknowledged_loss:
                break
            accepted, catalogue = accepted + 1, made.catalogue
        assert accepted == 2  # 1.09² = 1.188, 1.09³ = 1.295
        assert "worse than the anchor" in made.refusals[0].detail

    def test_the_anchor_moves_only_when_asked(self):
        before = catalogue_of().entries[COMBINATION].anchor
        assert plan(runs(SOUND)).changes[0].new.anchor == before
        moved = plan(runs(SOUND), moves_anchor=True).changes[0].new.anchor
        assert moved.samples["duration_s"] == SOUND
        assert moved.reason == "a new release"

    def test_an_entry_that_had_no_anchor_is_pinned_to_its_old_samples(self):
        old = catalogue_of().entries[COMBINATION]
        catalogue = BaselineCatalogue(entries={COMBINATION: dataclasses.replace(old, anchor=None)})
        anchor = plan(runs(SOUND), catalogue=catalogue).changes[0].new.anchor
        assert anchor.samples["duration_s"] == old.metrics["duration_s"].samples


CONTAMINATED = {
    Guard.OUTLIERS: runs([12.3, 12.5, 19.9, 12.6, 12.2]),
    Guard.TWO_MODES: runs([10.0, 10.1, 10.2, 10.05, 9.9, 13.4, 13.5, 13.6, 13.45, 13.3]),
    Guard.ENVIRONMENT: runs(SOUND, environment={**ENVIRONMENT, "jdk": "21.0.1"}),
    Guard.FAILURES: runs(SOUND, tier1_stability={"failed_tasks": 2.0}),
    Guard.LOST_METRICS: runs(SOUND, tier1_stability={}),
}


class TestGuards:
    @pytest.mark.parametrize("guard", Guard, ids=str)
    def test_contaminated_samples_are_refused(self, guard):
        made = plan(CONTAMINATED[guard])
        assert made.changes == ()
        assert guard in rules(made)
        assert all(f"--allow {guard}" in r.detail for r in made.refusals if r.rule == guard)

    @pytest.mark.parametrize("guard", Guard, ids=str)
    def test_an_allowed_guard_is_recorded_with_what_it_found(self, guard):
        made = plan(
            CONTAMINATED[guard],
            allowed=frozenset({guard}),
            acknowledged={"failed_tasks": "PERF-1"},
        )
        assert made.refusals == ()
        assert made.changes[0].new.allowed_guards.keys() == {guard.value}
        assert made.changes[0].new.allowed_guards[guard]

    def test_allowing_one_guard_allows_no_other(self):
        records = runs([12.3, 12.5, 19.9, 12.6, 12.2], tier1_stability={})
        made = plan(records, allowed=frozenset({Guard.OUTLIERS}))
        assert rules(made) == ["lost_metrics"]

    def test_the_outlier_is_named_with_its_run(self):
        (refusal,) = plan(CONTAMINATED[Guard.OUTLIERS]).refusals
        assert refusal.metric == "duration_s"
        assert "run run-3 = 19.9 s lies +60% from the other 4" in refusal.detail

    def test_runs_in_two_environments_are_refused_even_for_a_first_baseline(self):
        records = runs(SOUND)
        records[2] = dataclasses.replace(records[2], environment={**ENVIRONMENT, "jdk": "21.0.1"})
        made = plan(records, catalogue=BaselineCatalogue())
        assert rules(made) == ["environment"]
        assert "between its runs, jdk: '21.0.1' → '17.0.12'" in made.refusals[0].detail

    def test_a_ratio_metric_that_is_zero_is_refused(self):
        made = plan(runs([12.3, 0.0, 12.4, 12.6, 12.2]), catalogue=BaselineCatalogue())
        assert rules(made) == ["outliers"]
        assert "not above zero" in made.refusals[0].detail

    def test_noise_alone_is_rarely_called_contaminated(self):
        # 4,000 sound cells at 10 % noise, 5 runs each; the guard also wants 20 % of distance.
        draws = np.random.default_rng(7).lognormal(2.5, 0.10, size=(4000, 5))
        refused = sum(
            any(True for _ in odd_samples(entry, metrics=METRICS, policy=POLICY))
            for samples in draws
            for entry in [a_baseline(metrics={"duration_s": a_metric_baseline(tuple(samples))})]
        )
        assert refused / 4000 <= 0.01


class TestDetectableChanges:
    def test_the_detectable_change_is_that_of_the_noncentral_t(self):
        entry = a_baseline(metrics={"gc_time_pct": a_metric_baseline((10, 20, 30, 40, 50))})
        found = detectable_changes([entry], metrics=METRICS, policy=POLICY)
        sd = np.std([10, 20, 30, 40, 50], ddof=1)
        smallest = found[COMBINATION, "gc_time_pct"]
        # By SciPy's noncentral t: Welch of 5 against 5 with equal spread has 8 degrees of freedom.
        noncentrality = smallest / (sd * np.sqrt(2 / 5))
        critical = stats.t.ppf(0.975, 8)
        power = stats.nct.sf(critical, 8, noncentrality) + stats.nct.cdf(
            -critical, 8, noncentrality
        )
        assert power == pytest.approx(0.80, abs=2e-3)

    def test_metrics_that_are_only_shown_have_no_power(self):
        entry = a_baseline(metrics={"cpu_usage_pct": a_metric_baseline((10, 20, 30, 40, 50))})
        assert detectable_changes([entry], metrics=METRICS, policy=POLICY) == {}


def test_a_new_entry_moves_from_nothing():
    moves = metric_moves(None, a_baseline(), metrics=METRICS, policy=POLICY)
    (move,) = moves
    assert (move.n_old, move.mean_old, move.change, move.is_loss) == (0, None, None, False)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"reason": " "}, "reason must say why"), ({"minimum_runs": 4}, "must be 5 or above")],
    ids=["no reason", "too few runs"],
)
def test_a_request_without_reason_or_with_too_few_runs_is_refused(changes, rule):
    with pytest.raises(ValueError, match=rule):
        ChangeRequest(**{"now": NOW, "reason": "x", **changes})
