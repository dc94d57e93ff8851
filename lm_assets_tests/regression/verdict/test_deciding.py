"""A verdict, the test that decided it and the plain rule agree, or the cell says why not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lm_assets.model.deciding import DecidedOn, DecidingTest, deciding_figures
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.confirmation.fresh_runs import ConfirmationSamples
from lm_assets.reports.decision import deciding_bounds, deciding_p, decision_phrase
from lm_assets_tests.builders import a_cell
from lm_assets_tests.regression.small_campaigns import (
    MATRIX,
    STEADY,
    judged,
    noisy,
    one_cell,
    table,
)

POLICY = StagePolicy()
METRICS = ("duration_s", "gc_time_pct", "failed_tasks")


def random_sides(seed, noise, shift):
    """Two sides of which a few cells changed, by anything from a gain to a loss of half."""
    rng = np.random.default_rng(seed)
    factors = {
        (name, metric): float(np.exp(rng.normal(shift, 0.3 * (rng.random() < 0.2))))
        for name in MATRIX
        for metric in METRICS
    }
    before, now = (
        noisy(
            METRICS[:2], seed=seed + at, noise=noise, factors=put_in, runs=int(rng.integers(1, 6))
        )
        for at, put_in in ((1, {}), (2, factors))
    )
    for side, runs in ((before, 5), (now, 3)):
        for name in MATRIX:
            side[name, "failed_tasks"] = rng.poisson(0.4, size=runs).astype(float).tolist()
    return before, now


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    noise=st.sampled_from([0.02, 0.1, 0.3]),
    shift=st.sampled_from([0.0, 0.08, -0.3]),
)
def test_no_cell_is_shown_regressed_by_figures_that_do_not_say_so(seed, noise, shift):
    verdict = judged(*random_sides(seed, noise, shift))
    for cell in verdict.cells:
        told = deciding_figures(cell)
        if cell.p is not None:
            assert told is not None
            assert told.q >= told.p
        if cell.verdict is Verdict.REGRESSED:
            assert deciding_p(cell) < POLICY.alpha
            assert deciding_bounds(cell) == told.change_ci95
            assert told.change_ci95 is not None
            assert cell.explanation["plain_rule"] is True
            assert cell.p < POLICY.alpha
        agrees = {
            True: cell.verdict is Verdict.REGRESSED,
            False: cell.verdict not in (Verdict.REGRESSED, Verdict.SUSPECTED),
        }[cell.explanation["plain_rule"]]
        assert ("disagreement" in cell.explanation) is not agrees


@pytest.mark.parametrize(
    ("cell", "test"),
    [
        (one_cell(STEADY, [v * 1.5 for v in STEADY]), DecidingTest.WELCH),
        (one_cell(STEADY, [150.0]), DecidingTest.PREDICTION),
        (one_cell([0.0] * 5, [9.0, 8.0, 9.0, 7.0, 9.0], "failed_tasks"), DecidingTest.RATES),
        (one_cell([0.0] * 5, [1.0, 0.0, 0.0, 0.0, 0.0], "oom_kills"), DecidingTest.LIMIT),
        (judged(*(noisy(["duration_s"], seed=at) for at in (1, 2))).cells[0], "moderated"),
    ],
    ids=["welch", "prediction", "rates", "limit", "moderated"],
)
def test_the_deciding_test_is_told_by_name(cell, test):
    assert deciding_figures(cell).test == test


def test_a_cell_that_a_limit_regressed_says_so_and_gives_no_p():
    cell = one_cell([0.0] * 5, [1.0, 0.0, 0.0, 0.0, 0.0], "oom_kills")
    assert cell.verdict is Verdict.REGRESSED
    assert decision_phrase(cell) == (
        "regressed by limit; a run is above the metric's limit, whatever the comparison says"
    )


def test_a_rule_that_does_not_hold_is_told_beside_the_test_that_says_worse():
    """REGRESSED stood beside p = 0.057 and an interval across zero."""
    loud = (("a", "duration_s"), [100.0, 150.0, 80.0, 120.0, 100.0])
    before = {**noisy(["duration_s"], seed=4, noise=0.05), loud[0]: loud[1]}
    sides = (before, {**noisy(["duration_s"], seed=5, noise=0.05), loud[0]: [150.0, 130.0, 160.0]})
    told = [c for c in judged(*sides).cells if c.explanation["plain_rule"] is False]
    assert {c.verdict for c in told} <= {Verdict.UNCHANGED, Verdict.INCONCLUSIVE, Verdict.SUSPECTED}
    for cell in told:
        is_suspected = cell.verdict is Verdict.SUSPECTED
        assert ("the plain rule does not hold" in decision_phrase(cell)) is is_suspected


def test_fresh_runs_that_decided_are_told_in_place_of_the_first():
    first = (STEADY, [v * f for v, f in zip(STEADY, (1.1, 1.6, 1.2, 1.5, 1.3), strict=True)])
    key = ("a", "duration_s")
    policy = StagePolicy(regressed_minimum_current_runs=6)  # the first runs can only be suspected
    slower = [1.5 * v for v in (*STEADY, 100.2)]
    fresh = ConfirmationSamples(
        baseline=table({key: [*STEADY, 100.2]}), current=table({key: slower})
    )
    suspected, decided = (
        judged({key: first[0]}, {key: first[1]}, policy=policy, confirmation=answer).cells[0]
        for answer in (None, fresh)
    )
    assert suspected.verdict is Verdict.SUSPECTED
    assert "5 current runs are too few" in suspected.explanation["disagreement"]
    told = deciding_figures(decided)
    assert decided.verdict is Verdict.REGRESSED
    assert told.on is DecidedOn.FRESH_RUNS
    assert told.change == pytest.approx(0.5)
    assert told.p < 1e-6
    assert "in fresh runs (+50" in decision_phrase(decided)


def test_what_remains_beyond_a_shift_is_told_with_its_own_change():
    slower = {(name, "duration_s"): 1.25 for name in MATRIX}
    worst = next(iter(MATRIX))
    before = noisy(["duration_s"], seed=7, noise=0.03)
    now = noisy(["duration_s"], seed=8, noise=0.03, factors={**slower, (worst, "duration_s"): 1.8})
    cell = next(c for c in judged(before, now).cells if c.combination == worst)
    told = deciding_figures(cell)
    assert told.on is DecidedOn.BEYOND_SHIFT
    assert told.change < cell.change
    assert told.change == pytest.approx(cell.explanation["common_shift"]["change_beyond_shift"])
    assert "beyond the shift" in decision_phrase(cell)


def test_an_unchanged_cell_that_surely_differs_says_that_it_does():
    """GC time 2.35 -> 5.48 % with q < 0.0001 read just unchanged."""
    cell = one_cell([2.30, 2.35, 2.40, 2.33, 2.37], [5.4, 5.5, 5.6, 5.45, 5.45], "gc_time_pct")
    assert cell.verdict is Verdict.UNCHANGED
    assert "differs_within_margin" in cell.flags
    assert decision_phrase(cell).startswith("unchanged, differs within the margin by Welch's t (p")
    same = one_cell([2.30, 2.35, 2.40, 2.33, 2.37], [2.31, 2.35, 2.40, 2.33, 2.37], "gc_time_pct")
    assert "differs_within_margin" not in same.flags


def test_verdicts_from_before_tell_the_test_that_they_kept():
    moderated = deciding_figures(a_cell(p=0.04, p_moderated=0.01, explanation={}))
    assert (moderated.test, moderated.p) == (DecidingTest.MODERATED, 0.01)
    assert deciding_figures(a_cell(p=None, explanation={})) is None
