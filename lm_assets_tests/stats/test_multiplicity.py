import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lm_assets.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40)
BOTH = pytest.mark.parametrize("adjust", [benjamini_hochberg, benjamini_yekutieli])


def test_matches_p_adjust_of_r(reference):
    np.testing.assert_allclose(benjamini_hochberg(reference["p"]), reference["q_bh"], rtol=1e-12)
    np.testing.assert_allclose(benjamini_yekutieli(reference["p"]), reference["q_by"], rtol=1e-12)


@given(P_VALUES)
def test_matches_scipy(p):
    np.testing.assert_allclose(
        benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12, atol=1e-300
    )


@BOTH
@given(p=P_VALUES)
def test_q_is_never_below_p_nor_above_one(adjust, p):
    q = adjust(p)
    assert (q >= np.array(p)).all()
    assert (q <= 1.0).all()


@BOTH
@given(p=P_VALUES)
def test_q_keeps_the_order_of_p(adjust, p):
    q = adjust(sorted(p))
    assert (np.diff(q) >= 0.0).all()


@BOTH
@given(data=st.data(), p=P_VALUES)
def test_order_of_the_cells_changes_nothing(adjust, data, p):
    order = data.draw(st.permutations(range(len(p))))
    np.testing.assert_array_equal(adjust(np.array(p)[order]), adjust(p)[order])


@BOTH
@given(p=P_VALUES)
def test_cells_that_were_not_tested_stay_so_and_do_not_count(adjust, p):
    q = adjust([np.nan, *p, np.nan])
    assert np.isnan(q[[0, -1]]).all()
    np.testing.assert_array_equal(q[1:-1], adjust(p))


@BOTH
def test_nothing_tested_gives_nothing(adjust):
    assert adjust([]).shape == (0,)
    assert np.isnan(adjust([np.nan, np.nan])).all()


@BOTH
def test_what_is_no_p_value_is_refused(adjust):
    with pytest.raises(ValueError, match=r"p must be from 0 to 1, got 1.2"):
        adjust([0.5, 1.2])
    with pytest.raises(ValueError, match=r"p must have one dimension, got shape \(1, 1\)"):
        adjust([[0.5]])


def test_false_discoveries_stay_at_the_promised_rate():
    rng = np.random.default_rng(12)
    shares = []
    for _ in range(300):
        z = rng.normal(size=200)
        z[:20] += 3.5
        called = benjamini_hochberg(2 * stats.norm.sf(np.abs(z))) < 0.1
        shares.append(called[20:].sum() / max(called.sum(), 1))
    assert 0.06 < np.mean(shares) < 0.12
