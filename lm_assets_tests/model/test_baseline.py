import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lm_assets.model.baseline import LARGEST_SAMPLE, MetricBaseline

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def test_derived_values_of_five_known_samples():
    # By hand: squares about 12.2 sum to 0.34; the printed table of t has 2.776 for 4 degrees of
    # freedom at 0.975, so the half width is 2.776 × sqrt(0.085 / 5) = 0.362.
    derived = MetricBaseline.of_samples([12.1, 12.4, 11.9, 12.6, 12.0])
    assert derived.mean == pytest.approx(12.2, rel=1e-12)
    assert derived.stddev == pytest.approx(0.2915475947, rel=1e-9)
    assert derived.ci95 == pytest.approx((11.838, 12.562), abs=5e-4)


@settings(deadline=None)
@given(SAMPLES)
def test_the_interval_is_the_t_interval_of_scipy(samples):
    derived = MetricBaseline.of_samples(samples)
    standard_error = derived.stddev / len(samples) ** 0.5
    if standard_error < 1e-300:
        assert derived.ci95 == pytest.approx((derived.mean, derived.mean))
        return
    expected = stats.t.interval(0.95, len(samples) - 1, loc=derived.mean, scale=standard_error)
    assert derived.ci95 == pytest.approx(expected, rel=1e-9, abs=1e-9 * standard_error)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 11, 30, 101, 1000])
def test_the_t_quantile_agrees_with_scipy_at_every_size(n):
    samples = [0.0, 1.0] * (n // 2) + [0.5] * (n % 2)
    derived = MetricBaseline.of_samples(samples)
    half = derived.ci95[1] - derived.mean
    assert half == pytest.approx(stats.t.ppf(0.975, n - 1) * derived.stddev / n**0.5, rel=1e-11)


def test_one_sample_has_a_mean_and_no_spread():
    assert MetricBaseline.of_samples([3]) == MetricBaseline(
        samples=(3.0,), mean=3.0, stddev=None, ci95=None
    )


@pytest.mark.parametrize(
    "samples",
    [[], [1.0, float("nan")], [float("inf")], [LARGEST_SAMPLE * 1.01, 1.0]],
    ids=["none", "nan", "infinite", "too large to square"],
)
def test_samples_that_cannot_be_summarised_are_refused_by_name(samples):
    with pytest.raises(ValueError, match="samples must"):
        MetricBaseline.of_samples(samples)


def test_the_largest_samples_still_have_derived_values():
    derived = MetricBaseline.of_samples([LARGEST_SAMPLE, -LARGEST_SAMPLE])
    assert derived.mean == 0.0
    assert derived.stddev == pytest.approx(2**0.5 * LARGEST_SAMPLE)
