import itertools
import json
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lm_assets.stats.paired import compare_paired, paired_test, signed_rank_p
from lm_assets.stats.state import State

SECONDS = st.floats(0.5, 500.0).map(lambda v: round(v, 2))
PAIRS = st.lists(st.tuples(SECONDS, SECONDS), min_size=2, max_size=20)


def test_matches_paired_tests_of_r(reference):
    result = compare_paired(reference["base"], reference["cand"])
    for test, name in ((result.raw, "paired_raw"), (result.log, "paired_log")):
        figures = [test.mean_difference, test.t, test.p, test.low, test.high]
        np.testing.assert_allclose(figures, reference[name], rtol=1e-10)
    np.testing.assert_allclose(result.wilcoxon_p, reference["wilcoxon"], rtol=1e-10)


def seconds_by_query(path):
    repeats = defaultdict(list)
    for line in path.read_text().splitlines():
        sample = json.loads(line)
        repeats[sample["combination"]].append(sample["value"])
    return {query: np.mean(values) for query, values in repeats.items()}


@pytest.mark.external_data
@pytest.mark.parametrize("release", ["0.4.0", "0.5.0", "0.9.0"])
@pytest.mark.parametrize(("before", "now"), [("spark", "comet"), ("comet", "spark")])
def test_real_engines_compare_as_known(shared_data, release, before, now):
    folder = shared_data / "versions"
    sides = [
        seconds_by_query(folder / f"tpch-{release}-{engine}.jsonl") for engine in (before, now)
    ]
    known = json.loads((folder / "expected.json").read_text())[
        f"tpch-{release}: {before} (baseline) -> {now} (candidate)"
    ]
    queries = sorted(sides[0])
    assert queries == sorted(sides[1])
    result = compare_paired(*([side[q] for q in queries] for side in sides))
    assert result.n == known["n"]
    figures = {
        "total_change": result.change_total,
        "mean_diff": result.raw.mean_difference,
        "mean_diff_ci95": (result.raw.low, result.raw.high),
        "t_raw": result.raw.t,
        "p_raw": result.raw.p,
        "geomean_change": result.change_geomean,
        "geomean_change_ci95": (result.change_geomean_low, result.change_geomean_high),
        "t_log": result.log.t,
        "p_log": result.log.p,
        "wilcoxon_p": result.wilcoxon_p,
    }
    for name, figure in figures.items():
        np.testing.assert_allclose(figure, known[name], rtol=1e-5, err_msg=name)


def test_one_cell_gives_a_change_but_no_test():
    result = compare_paired([10.0], [12.0])
    assert result.change_geomean == pytest.approx(0.2)
    assert result.log.state is State.INSUFFICIENT_DATA
    assert math.isnan(result.log.p)
    assert math.isnan(result.change_geomean_low)


def test_no_cell_gives_nothing():
    result = compare_paired([], [])
    assert result.log.state is State.INSUFFICIENT_DATA
    assert math.isnan(result.change_geomean)
    assert math.isnan(result.change_total)
    assert math.isnan(result.wilcoxon_p)


def test_equal_versions_are_no_test_and_no_certainty():
    result = compare_paired([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (result.log.state, result.raw.state) == (State.ZERO_VARIANCE, State.ZERO_VARIANCE)
    assert (result.change_geomean, result.change_total) == (0.0, 0.0)
    assert math.isnan(result.wilcoxon_p)


def test_one_factor_in_all_cells_needs_the_noise_floor():
    baseline = np.array([1.0, 3.0, 7.0, 11.0])
    without = compare_paired(baseline, baseline * 1.25)
    assert without.log.state is State.ZERO_VARIANCE
    floored = compare_paired(baseline, baseline * 1.25, min_log_sd=0.01)
    assert floored.log.t == pytest.approx(math.log(1.25) / (0.01 / 2.0))
    assert floored.change_geomean == pytest.approx(0.25)


def test_a_value_without_logarithm_leaves_the_raw_scale_standing():
    result = compare_paired([1.0, 0.0, 3.0], [2.0, 1.0, 5.0])
    assert result.log.state is State.OUTSIDE_SCALE
    assert math.isnan(result.change_geomean)
    assert result.raw.state is State.OK


def test_a_baseline_total_of_zero_has_no_relative_change():
    assert math.isnan(compare_paired([-1.0, 1.0], [2.0, 3.0]).change_total)


def test_signed_ranks_leave_zeros_out_and_are_exact_with_ties():
    differences = [0.0, 1.0, 1.0, -1.0, 2.0, 3.0, 3.0, 5.0, -2.0]
    # 36 of the 2^8 signs of the ranks 2, 2, 2, 4.5, 6.5, 6.5, 8, 4.5 are as far from the middle.
    assert signed_rank_p(differences) == pytest.approx(36 / 256)


def test_many_signed_ranks_with_ties_and_zeros_match_the_corrected_normal():
    differences = [0.0, *([1.0, 1.0, -1.0, 2.0, 3.0, 3.0, 5.0, -2.0] * 7)]
    expected = stats.wilcoxon(differences[1:], method="asymptotic", correction=False).pvalue
    assert signed_rank_p(differences) == pytest.approx(expected)


def test_unusable_pairs_are_refused_by_name():
    with pytest.raises(ValueError, match="candidate must have length 2, got 1"):
        compare_paired([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="baseline must be finite, got nan at index 1"):
        compare_paired([1.0, np.nan], [1.0, 2.0])
    with pytest.raises(ValueError, match="min_log_sd must be finite and zero or above"):
        compare_paired([1.0, 2.0], [1.0, 2.0], min_log_sd=-1.0)


@given(PAIRS)
def test_exchanging_the_versions_turns_the_change_over(pairs):
    before, now = zip(*pairs, strict=True)
    forth = compare_paired(before, now, min_log_sd=0.01)
    back = compare_paired(now, before, min_log_sd=0.01)
    assert forth.log.t == pytest.approx(-back.log.t, rel=1e-6, abs=1e-9)
    assert (1 + forth.change_geomean) * (1 + back.change_geomean) == pytest.approx(1.0)


@given(PAIRS, st.data())
def test_unit_and_order_of_the_cells_do_not_matter(pairs, data):
    shuffled = data.draw(st.permutations(pairs))
    before, now = np.array(pairs).T
    before_2, now_2 = np.array(shuffled).T * 1000.0
    plain = compare_paired(before, now, min_log_sd=0.01)
    other = compare_paired(before_2, now_2, min_log_sd=0.01)
    assert other.log.p == pytest.approx(plain.log.p, rel=1e-6)
    assert other.change_total == pytest.approx(plain.change_total, rel=1e-6, abs=1e-9)


def test_differences_equal_up_to_rounding_have_no_spread():
    assert paired_test([0.1 + 0.2, 0.3]).state is State.ZERO_VARIANCE


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        pytest.param([5.0] * 4, 2 / 2**4, id="four equal shifts"),
        pytest.param([-0.1] * 5, 2 / 2**5, id="five equal shifts down"),
        # All 2^4 signs of the ranks 1.5, 1.5, 3, 4: 3 of them sum to 8.5 or more.
        pytest.param([1.0, -1.0, 2.0, 3.0], 2 * 3 / 16, id="a tie of both signs"),
    ],
)
def test_so_few_differences_show_no_more_than_all_their_signs_can(differences, p):
    assert signed_rank_p(differences) == pytest.approx(p)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_the_exact_p_is_that_of_every_sign_counted_out(differences):
    shown = [float(d) for d in differences if d]
    if not shown:
        return
    ranks = stats.rankdata(np.abs(shown))
    sums = [
        sum(r for r, up in zip(ranks, signs, strict=True) if up)
        for signs in itertools.product([False, True], repeat=len(ranks))
    ]
    seen = sum(r for r, d in zip(ranks, shown, strict=True) if d > 0)
    upper = np.mean([s >= seen - 1e-9 for s in sums])
    lower = np.mean([s <= seen + 1e-9 for s in sums])
    assert signed_rank_p(differences) == pytest.approx(min(1.0, 2 * min(upper, lower)))


@pytest.mark.parametrize("n", [3, 4, 5, 8, 12])
def test_signed_ranks_with_ties_are_exact_by_enumeration(n):
    """Five equal shifts had the normal law's 0.042; the exact p cannot be below 0.0625."""
    rng = np.random.default_rng(n)
    for values in (np.full(n, 0.1) + np.array([0.0, 1e-16] * n)[:n], rng.integers(1, 4, n) - 0.0):
        signed = values * rng.choice([-1.0, 1.0], n)
        ranks = stats.rankdata(np.round(np.abs(signed), 9))
        middle = ranks.sum() / 2.0
        seen = abs(ranks[signed > 0].sum() - middle)
        sums = [
            ranks[np.array(signs)].sum() for signs in itertools.product([False, True], repeat=n)
        ]
        expected = np.mean(np.abs(np.array(sums) - middle) >= seen - 1e-9)
        assert signed_rank_p(signed) == pytest.approx(expected)
    assert signed_rank_p(np.full(5, 0.1)) == 0.0625
