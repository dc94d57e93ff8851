"""What must hold of the judge whatever the samples are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets_tests.regression.small_campaigns import CATALOGUE, judged, noisy, one_cell, table

positive = st.floats(min_value=0.1, max_value=1e6)
runs = st.lists(positive, min_size=3, max_size=7)
factors = st.floats(min_value=0.3, max_value=3.0)


def permuted(rows, rng):
    return [rows[at] for at in rng.permutation(len(rows))]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_the_samples_changes_nothing(seed):
    metrics = ("duration_s", "gc_time_pct")
    sides = [table(noisy(metrics, seed=seed + at)) for at in range(2)]
    rng = np.random.default_rng(seed)
    shuffled = judged(*(SampleTable.from_rows(permuted(s.rows(), rng)) for s in sides))
    straight = judged(*sides)
    assert shuffled == straight


@settings(max_examples=60, deadline=None)
@given(baseline=runs, current=runs)
def test_exchanging_the_sides_turns_the_change_round_and_leaves_p(baseline, current):
    there, back = one_cell(baseline, current), one_cell(current, baseline)
    assert (1 + there.change) * (1 + back.change) == pytest.approx(1.0)
    assert there.p == pytest.approx(back.p)
    assert math.copysign(1, there.degradation) == -math.copysign(1, back.degradation) or (
        there.degradation == back.degradation == 0
    )


@settings(max_examples=60, deadline=None)
@given(baseline=runs, current=runs, factor=factors)
def test_the_unit_of_a_ratio_metric_does_not_matter(baseline, current, factor):
    plain = one_cell(baseline, current)
    scaled = one_cell([factor * v for v in baseline], [factor * v for v in current])
    assert scaled.change == pytest.approx(plain.change)
    assert scaled.p == pytest.approx(plain.p, rel=1e-6)
    assert scaled.verdict is plain.verdict


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.floats(50, 150), min_size=4, max_size=6), factor=factors, more=factors)
def test_a_larger_slow_down_of_the_same_runs_is_never_judged_milder(values, factor, more):
    gravity = [
        Verdict.IMPROVED,
        Verdict.UNCHANGED,
        Verdict.INCONCLUSIVE,
        Verdict.SUSPECTED,
        Verdict.REGRESSED,
    ]
    worse = max(factor, 1.0)
    first = one_cell(values, [worse * v for v in values])
    second = one_cell(values, [worse * max(more, 1.0) * v for v in values])
    assert gravity.index(second.verdict) >= gravity.index(first.verdict)


@settings(max_examples=40, deadline=None)
@given(baseline=runs, current=runs)
def test_throughput_and_duration_are_mirror_images(baseline, current):
    duration = one_cell(baseline, current)
    inverse = one_cell([1 / v for v in baseline], [1 / v for v in current], "throughput_rows_s")
    assert inverse.p == pytest.approx(duration.p, rel=1e-6)
    assert (duration.degradation > 0) is (inverse.degradation > 0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_q_is_never_below_the_p_that_decides(seed):
    verdict = judged(noisy(["duration_s"], seed=seed), noisy(["duration_s"], seed=seed + 1))
    assert all(cell.q >= cell.p_moderated for cell in verdict.cells)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), runs=st.integers(1, 6))
def test_every_cell_of_either_side_has_exactly_one_verdict(seed, runs):
    baseline = noisy(["duration_s"], seed=seed)
    current = noisy(["throughput_rows_s", "duration_s"], seed=seed, runs=runs)
    verdict = judged(baseline, current)
    named = [(cell.combination, cell.metric) for cell in verdict.cells]
    assert sorted(named) == sorted({*baseline, *current})
    assert sum(verdict.counts.values()) == len(named)
    order = {name: at for at, name in enumerate(CATALOGUE.names)}
    assert named == sorted(named, key=lambda cell: (cell[0], order[cell[1]]))
