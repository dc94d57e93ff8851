"""Metrics and their catalogue."""

import math

import pytest

from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale, Tier


def metric(name: str = "duration_s", **changes: object) -> Metric:
    settings: dict[str, object] = {
        "tier": Tier.PERFORMANCE,
        "unit": "s",
        "direction": Direction.LOWER,
        "scale": Scale.RATIO,
        **changes,
    }
    return Metric(name=name, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", "Duration", "1st", "a b", "a-b", "a;drop", "_x", "é", "x" * 64]
)
def test_a_metric_is_named_like_a_column(name: str) -> None:
    with pytest.raises(ValueError, match="name must be 1 to 63 of a-z"):
        metric(name)


@pytest.mark.parametrize("noise_floor", [-0.01, math.nan, math.inf])
def test_a_noise_floor_is_finite_and_not_negative(noise_floor: float) -> None:
    with pytest.raises(ValueError, match="noise_floor must be finite"):
        metric(noise_floor=noise_floor)


@pytest.mark.parametrize("limit", [math.nan, math.inf])
def test_a_limit_that_nothing_could_break_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit must be finite"):
        metric(limit=limit)


def test_a_limit_of_zero_is_a_limit() -> None:
    assert metric("oom_kills", limit=0.0).limit == 0.0


def test_a_metric_without_a_direction_is_shown_and_not_judged() -> None:
    assert not metric(direction=Direction.NONE).is_judged
    assert metric(direction=Direction.HIGHER).is_judged


def test_a_metric_without_a_title_is_called_by_its_name() -> None:
    assert (metric().label, metric(title="Duration").label) == ("duration_s", "Duration")


@pytest.mark.parametrize(
    ("scale", "unit"),
    [(Scale.RATIO, "relative"), (Scale.POINTS, "points"), (Scale.COUNT, "events/run")],
)
def test_a_change_is_in_the_unit_of_its_scale(scale: Scale, unit: str) -> None:
    assert scale.change_unit == unit


class TestCatalogue:
    CATALOGUE = MetricCatalogue(
        (
            metric("oom_kills", tier=Tier.STABILITY),
            metric("duration_s"),
            metric("failed_jobs", tier=Tier.STABILITY),
        )
    )

    def test_keeps_the_order_in_which_metrics_are_shown(self) -> None:
        assert self.CATALOGUE.names == ("oom_kills", "duration_s", "failed_jobs")
        assert [m.name for m in self.CATALOGUE] == list(self.CATALOGUE.names)
        stability = [m.name for m in self.CATALOGUE.of_tier(Tier.STABILITY)]
        assert stability == ["oom_kills", "failed_jobs"]
        assert self.CATALOGUE.of_tier(Tier.EFFICIENCY) == ()

    def test_finds_a_metric_by_its_name(self) -> None:
        assert self.CATALOGUE["duration_s"].tier is Tier.PERFORMANCE
        assert "duration_s" in self.CATALOGUE
        assert "duration_ms" not in self.CATALOGUE

    def test_refuses_two_metrics_of_one_name(self) -> None:
        with pytest.raises(ValueError, match="distinct names"):
            MetricCatalogue((metric(), metric()))
