"""Which changes of a baseline are accepted, which are refused, and what is recorded of them."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from lm_assets.model.baseline import AcknowledgedFinding, BaselineCatalogue, BaselineStatus
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
    a_subject,
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


def acknowledging(**findings):
    return {
        "acknowledged": findings,
        "acknowledged_by": "Jo <jo@example.com>",
        "patterns": ("*",),
    }


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
        assert "worse than baseline" in refusal.detail

    def test_an_acknowledged_loss_is_accepted_and_recorded(self):
        made = plan(
            runs(v * 1.25 for v in SOUND),
            **acknowledging(duration_s="PERF-12", gc_time_pct="PERF-13"),
        )
        assert not made.has_unacknowledged_loss
        (change,) = made.changes
        (move,) = [m for m in change.moves if m.metric == "duration_s"]
        assert change.new.acknowledged_findings == {
            "duration_s": AcknowledgedFinding(
                finding="PERF-12",
                by="Jo <jo@example.com>",
                at="2026-11-29T03:00:00+00:00",
                reason="a new release",
                loss=move.degradation,
                loss_since_anchor=move.against_anchor,
            )
        }

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
        assert "worse than anchor" in made.refusals[0].detail

    def test_the_anchor_moves_only_when_asked(self):
        before = catalogue_of().entries[COMBINATION].anchor
        assert plan(runs(SOUND)).changes[0].new.anchor == before
        moved = plan(runs(SOUND), moves_anchor=True).changes[0].new.anchor
        assert moved.samples["duration_s"] == SOUND
        assert moved.reason == "a new release"

    def test_an_entry_that_had_no_anchor_is_pinned_to_its_old_samples(self):
        old = catalogue_of().entries[COMBINATION]
        catalogue = BaselineCatalogue(entries={COMBINATION: dataclasses.replace(old, anchor=None)})
        allowed = frozenset({Guard.LOST_ANCHOR})
        anchor = plan(runs(SOUND), catalogue=catalogue, allowed=allowed).changes[0].new.anchor
        assert anchor.samples["duration_s"] == old.metrics["duration_s"].samples

    def test_a_metric_that_comes_later_is_pinned_at_its_first_samples(self):
        catalogue, steps = catalogue_of(), []
        for step in range(3):
            records = with_latency(runs(SOUND), 50.0 * 1.15**step)
            steps.append(plan(records, catalogue=catalogue))
            catalogue = steps[-1].catalogue
        first, second, third = steps
        assert len(set(first.changes[0].new.anchor.samples["latency_p99_ms"])) == 5
        assert second.refusals == ()
        assert third.has_unacknowledged_loss  # 1.15² = 1.32
        anchor = second.changes[0].new.anchor
        assert anchor == first.changes[0].new.anchor
        assert anchor.source_campaigns == ("nightly-2026-11-01-aaaaaaa", LATER)

    def test_a_metric_that_is_not_measured_for_a_while_keeps_its_anchor(self):
        before = catalogue_of().entries[COMBINATION].anchor.samples["duration_s"]
        without = [dataclasses.replace(r, tier3_performance={}) for r in runs(SOUND)]
        lost = plan(without, allowed=frozenset({Guard.LOST_METRICS}), moves_anchor=True)
        assert lost.changes[0].new.anchor.samples["duration_s"] == before
        again = plan(runs(v * 3 for v in SOUND), catalogue=lost.catalogue)
        assert again.has_unacknowledged_loss
        assert "worse than anchor" in again.refusals[0].detail

    def test_what_cannot_be_compared_with_the_anchor_is_no_gain(self):
        old = catalogue_of().entries[COMBINATION]
        anchor = dataclasses.replace(old.anchor, samples={"duration_s": (-1.0, 12.0)})
        entry = dataclasses.replace(old, anchor=anchor)
        made = plan(runs(SOUND), catalogue=BaselineCatalogue(entries={COMBINATION: entry}))
        assert made.has_unacknowledged_loss
        assert any("cannot be compared" in refusal.detail for refusal in made.refusals)


def with_latency(records, level):
    return [
        dataclasses.replace(
            record,
            tier3_performance={**record.tier3_performance, "latency_p99_ms": level + k / 10},
        )
        for k, record in enumerate(records)
    ]


class TestAcknowledgementsOverTime:
    """An accepted loss stays accepted, and nothing beyond it does."""

    @pytest.fixture
    def accepted(self):
        return plan(runs(v * 1.3 for v in SOUND), **acknowledging(duration_s="PERF-12")).catalogue

    def test_the_accepted_level_needs_no_second_acknowledgement(self, accepted):
        made = plan(runs(v * 1.32 for v in SOUND), catalogue=accepted)
        assert made.refusals == ()
        kept = made.changes[0].new.acknowledged_findings
        assert kept == accepted.entries[COMBINATION].acknowledged_findings

    def test_small_steps_beyond_it_are_bounded_from_the_accepted_level(self, accepted):
        middle = plan(runs(v * 1.3 * 1.15 for v in SOUND), catalogue=accepted)
        assert middle.refusals == ()
        made = plan(runs(v * 1.3 * 1.25 for v in SOUND), catalogue=middle.catalogue)
        assert rules(made) == ["unacknowledged_loss"]

    def test_a_loss_that_was_made_good_is_accepted_no_longer(self, accepted):
        good = plan(runs(SOUND), catalogue=accepted)
        assert good.changes[0].new.acknowledged_findings == {}
        assert rules(plan(runs(v * 1.3 for v in SOUND), catalogue=good.catalogue)) == [
            "unacknowledged_loss"
        ]

    def test_an_anchor_that_moves_ends_it(self, accepted):
        moved = plan(runs(v * 1.32 for v in SOUND), catalogue=accepted, moves_anchor=True)
        assert moved.changes[0].new.acknowledged_findings == {}

    def test_a_loss_accepted_with_a_new_anchor_gives_no_room_below_it(self):
        moved = plan(
            runs(v * 1.3 for v in SOUND), **acknowledging(duration_s="PERF-12"), moves_anchor=True
        )
        accepted = moved.changes[0].new.acknowledged_findings["duration_s"]
        assert accepted.loss == pytest.approx(
            1.3
            * np.exp(np.mean(np.log(SOUND)))
            / np.exp(np.mean(np.log((12.0, 12.1, 12.2, 12.3, 12.4))))
            - 1
        )
        assert accepted.loss_since_anchor is None
        later = plan(runs(v * 1.3 * 1.25 for v in SOUND), catalogue=moved.catalogue)
        assert rules(later) == ["unacknowledged_loss"]

    def test_a_lost_throughput_is_measured_from_what_was_left(self):
        def rows(factor):
            return [
                dataclasses.replace(
                    r, tier3_performance={"throughput_rows_s": (100.0 + k) * factor}
                )
                for k, r in enumerate(runs(SOUND))
            ]

        entries, _ = initial_entries(rows(1.0), now=NOW, reason="initial")
        accepted = plan(
            rows(0.5),
            catalogue=BaselineCatalogue(entries=entries),
            **acknowledging(throughput_rows_s="PERF-2"),
        ).catalogue
        assert plan(rows(0.41), catalogue=accepted).refusals == ()  # 18 % of what was left
        assert rules(plan(rows(0.39), catalogue=accepted)) == ["unacknowledged_loss"]


class TestTheSameAndOlderRuns:
    def test_samples_that_are_the_baseline_already_change_nothing(self):
        catalogue = plan(runs(SOUND)).catalogue
        made = plan(runs(SOUND), catalogue=catalogue, now=NOW + timedelta(days=1), reason="again")
        assert (made.changes, made.refusals, made.unchanged) == ((), (), (COMBINATION,))
        assert made.catalogue.entries == catalogue.entries

    def test_they_can_still_be_pinned_as_the_anchor(self):
        catalogue = plan(runs(SOUND)).catalogue
        (change,) = plan(runs(SOUND), catalogue=catalogue, moves_anchor=True).changes
        assert change.new.anchor.samples["duration_s"] == SOUND

    def test_a_change_dated_before_the_baseline_is_refused(self):
        made = plan(runs(SOUND), now=NOW - timedelta(days=40))
        assert rules(made) == ["newer_baseline"]
        assert made.catalogue.entries == catalogue_of().entries


class TestWhatIsDue:
    def test_noise_leaves_a_baseline_alone(self):
        made = plan(runs(SOUND), only_due=True)
        assert (made.changes, made.refusals, made.not_due) == ((), (), (COMBINATION,))

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"records": runs(v * 0.7 for v in SOUND)}, "threshold: duration_s"),
            ({"records": runs(SOUND), "now": NOW + timedelta(days=70)}, "the baseline is 98 days"),
            ({"records": runs(SOUND), "catalogue": BaselineCatalogue()}, "has no baseline"),
            (
                {
                    "records": runs(SOUND, environment={**ENVIRONMENT, "jdk": "21.0.1"}),
                    "allowed": frozenset({Guard.ENVIRONMENT}),
                },
                "another environment: jdk '17",
            ),
        ],
        ids=["better", "old", "none yet", "other environment"],
    )
    def test_what_is_due_says_why(self, changes, why):
        changes = dict(changes)
        (change,) = plan(changes.pop("records"), only_due=True, **changes).changes
        assert why in change.due

    def test_what_a_person_has_retired_is_never_due_and_comes_back_only_when_asked(self):
        old = catalogue_of().entries[COMBINATION]
        retired = dataclasses.replace(old, status=BaselineStatus.RETIRED)
        catalogue = BaselineCatalogue(entries={COMBINATION: retired})
        better = runs(v * 0.7 for v in SOUND)
        assert plan(better, catalogue=catalogue, only_due=True).not_due == (COMBINATION,)
        (change,) = plan(better, catalogue=catalogue).changes
        assert change.new.status is BaselineStatus.ACTIVE

    def test_a_gain_that_may_be_chance_is_not_due(self):
        noisy = (12.0, 8.0, 14.0, 9.0, 13.0)
        made = plan(runs(v * 0.75 for v in noisy), catalogue=catalogue_of(noisy), only_due=True)
        assert made.not_due == (COMBINATION,)

    def test_a_loss_is_reported_even_where_nothing_is_due(self):
        made = plan(runs(v * 1.3 for v in SOUND), only_due=True)
        assert rules(made) == ["unacknowledged_loss"]
        assert (made.changes, made.not_due) == ((), ())

    def test_what_a_guard_found_in_runs_that_nobody_needs_is_not_reported(self):
        records = runs((12.3, 12.5, 19.9, 12.6, 12.2))
        assert rules(plan(records, acknowledged={}, only_due=True)) == []


CONTAMINATED = {
    Guard.OUTLIERS: runs([12.3, 12.5, 19.9, 12.6, 12.2]),
    Guard.TWO_MODES: runs([10.0, 10.1, 10.2, 10.05, 9.9, 13.4, 13.5, 13.6, 13.45, 13.3]),
    Guard.ENVIRONMENT: runs(SOUND, environment={**ENVIRONMENT, "jdk": "21.0.1"}),
    Guard.FAILURES: runs(SOUND, tier1_stability={"failed_tasks": 2.0}),
    Guard.LOST_METRICS: runs(SOUND, tier1_stability={}),
    Guard.LOST_ANCHOR: runs(SOUND),
    Guard.MIXED_SUBJECTS: [
        *runs(SOUND[:3]),
        *runs(SOUND[3:], campaign="nightly-2026-11-30-b", subject=a_subject(git_sha="b" * 40)),
    ],
    Guard.INSENSITIVE: runs([4.0, 4.1, 4.2, 12.0, 12.1]),
    Guard.SOURCE_CHANGED: runs(SOUND, provenance={"duration_s": "event log"}),
}


def contaminated(guard):
    """Return what a guard is there for: runs, and the catalogue that they are offered to."""
    catalogue = catalogue_of()
    if guard is Guard.LOST_ANCHOR:
        entry = dataclasses.replace(catalogue.entries[COMBINATION], anchor=None)
        catalogue = dataclasses.replace(catalogue, entries={COMBINATION: entry})
    return {"records": CONTAMINATED[guard], "catalogue": catalogue}


class TestGuards:
    @pytest.mark.parametrize("guard", Guard, ids=str)
    def test_contaminated_samples_are_refused(self, guard):
        made = plan(**contaminated(guard))
        assert made.changes == ()
        assert guard in rules(made)
        assert all(f"--allow {guard}" in r.remedy for r in made.refusals if r.rule == guard)

    @pytest.mark.parametrize("guard", Guard, ids=str)
    def test_an_allowed_guard_is_recorded_with_what_it_found(self, guard):
        made = plan(
            **contaminated(guard),
            allowed=frozenset({guard}),
            **acknowledging(failed_tasks="PERF-1"),
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
        assert "between its runs: jdk '21.0.1' → '17.0.12'" in made.refusals[0].detail

    def test_a_ratio_metric_that_is_zero_is_refused(self):
        made = plan(runs([12.3, 0.0, 12.4, 12.6, 12.2]), catalogue=BaselineCatalogue())
        assert rules(made) == ["unusable_value"]
        assert made.refusals[0].detail == "values of a ratio metric must be above zero, got 0"
        assert "duration_s" not in made.changes[0].new.metrics

    def test_no_option_lets_a_zero_switch_off_the_rule_on_losses(self):
        everything = frozenset(Guard)
        made = plan(runs([0.0, 36.0, 36.3, 36.6, 36.9, 37.2]), allowed=everything)
        assert made.changes[0].new.anchor.samples["duration_s"][0] == 12.0
        assert plan(runs(v * 3 for v in SOUND), catalogue=made.catalogue).has_unacknowledged_loss

    def test_an_environment_that_is_no_longer_recorded_may_have_changed(self):
        made = plan(runs(SOUND, environment={}))
        assert rules(made) == ["environment"]
        assert "jdk '17.0.12' → not recorded" in made.refusals[0].detail

    def test_runs_of_several_campaigns_are_named_with_them(self):
        records = [*runs(SOUND[:3]), *runs(SOUND[3:], campaign="nightly-2026-11-30-x")]
        entry = plan(records).changes[0].new
        assert sorted(entry.runs) == [
            *(f"{LATER}/run-{k}" for k in (1, 2, 3)),
            *(f"nightly-2026-11-30-x/run-{k}" for k in (1, 2)),
        ]

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
    [
        ({"reason": " "}, "reason must say why"),
        ({"minimum_runs": 4}, "must be 5 or above"),
        ({"acknowledged": {"duration_s": "P-1"}, "patterns": ("*",)}, "who accepts the loss"),
        ({"acknowledged": {"duration_s": "P-1"}, "acknowledged_by": "Jo"}, "patterns must name"),
    ],
    ids=["no reason", "too few runs", "nobody acknowledges", "acknowledged everywhere"],
)
def test_a_request_that_does_not_say_enough_is_refused(changes, rule):
    with pytest.raises(ValueError, match=rule):
        ChangeRequest(**{"now": NOW, "reason": "x", **changes})
