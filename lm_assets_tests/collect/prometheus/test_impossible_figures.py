"""Figures that cannot be, whatever Prometheus says, and those that are derived from them."""

from typing import Any

import pytest

from lm_assets.collect.prometheus.metrics import ask_prometheus
from lm_assets.collect.source_answers import merge_answers
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.gateways.http.prometheus import QueryAnswer, Series
from lm_assets.model.measurement import Measurements
from lm_assets.model.provenance import is_at_least
from lm_assets_tests.collect.prometheus.test_metrics import (
    NOW,
    START,
    Scripted,
    config,
    run,
    series,
)

AT = START.timestamp()
GIB = 2.0**30
UNLIMITED = 2.0**63 - 1


def told(of: Any, **labels: str) -> Series:
    """What a container told at each scrape of a run of 300 s, and one before."""
    return series(*((AT + 30 * k, of(30.0 * k)) for k in range(-1, 11)), **labels)


def recorded(**by_query: Series | tuple[Series, ...]) -> Measurements:
    """What is kept of what Prometheus answered, by words of its queries."""
    words = {
        "restarts": "restarts_total",
        "cpu": "cpu_usage_seconds",
        "memory": "working_set",
        "limits": "resource_limits",
        "requests": "resource_requests",
        "started": "start_time",
    }

    def answer(promql: str) -> QueryAnswer:
        for name, found in by_query.items():
            if words[name] in promql:
                return QueryAnswer(series=found if isinstance(found, tuple) else (found,))
        return QueryAnswer()

    answers = ask_prometheus(Scripted(answer), [run()], config=config(), now=NOW)
    return merge_answers([answers["r"]], metrics=shipped_metrics())


def limit(value: float, resource: str = "cpu") -> Series:
    return told(lambda _t: value, resource=resource)


class TestCpuTimeBeyondLimitTimesWindow:
    measured = recorded(cpu=told(lambda t: 1_000 + 5 * t), limits=limit(1.0))

    def test_takes_the_usage_with_it(self) -> None:
        beyond = self.measured.missing["cpu_core_seconds"]
        assert "1500 is beyond what it can be" in beyond
        assert self.measured.missing["cpu_usage_pct"].endswith(beyond.removeprefix("prometheus: "))

    def test_of_a_part_of_the_window_is_no_usage_of_its_limit_either(self) -> None:
        """A sixth of the window at five times the limit stays below limit x window."""
        short = series(*((AT + 30 * k, 1_000 + 150.0 * k) for k in range(3)))
        idle = told(lambda t: 500 + t / 10, pod="q")
        limits = (limit(1.0), told(lambda _t: 0.01, resource="cpu", pod="q"))
        measured = recorded(cpu=(short, idle), limits=limits)
        assert "cpu_core_seconds" in measured.values
        assert "beyond what it can be" in measured.missing["cpu_usage_pct"]

    def test_of_requests_may_be_five_times_as_much(self) -> None:
        measured = recorded(cpu=told(lambda t: 1_000 + 5 * t), requests=limit(1.0))
        assert measured.values["cpu_usage_pct"] == pytest.approx(500.0)


class TestRestartsThatAreNoCount:
    @pytest.mark.parametrize("count", [2.5, 2.0**64, 2.0**53])
    def test_are_missing(self, count: float) -> None:
        measured = recorded(restarts=told(lambda _t: count, uid="u"))
        said = "12 samples, and none that a count of restarts can be"
        assert measured.missing["pod_restarts"] == f"prometheus: {said}"

    def test_are_passed_over_where_others_are(self) -> None:
        measured = recorded(restarts=told(lambda t: 0.5 if t == 60 else float(t > 100), uid="u"))
        assert measured.values["pod_restarts"] == 1.0
        assert "1 impossible samples left out" in measured.provenance["pod_restarts"]

    def test_of_one_container_leave_a_lower_bound(self) -> None:
        sound = told(lambda t: float(t > 100), uid="u")
        odd = told(lambda _t: 0.5, uid="v", pod="q")
        measured = recorded(restarts=(sound, odd))
        assert measured.values["pod_restarts"] == 1.0
        assert is_at_least(measured.provenance["pod_restarts"])
        assert "1 containers without a count" in measured.provenance["pod_restarts"]


class TestALimitThatIsNone:
    memory = told(lambda _t: GIB)

    @pytest.mark.parametrize("none", [UNLIMITED, 2.0**63 - 4096, 2.0**50])
    def test_is_no_share_of_the_largest_number(self, none: float) -> None:
        measured = recorded(memory=self.memory, limits=limit(none, "memory"))
        assert "no machine has so much" in measured.missing["memory_usage_pct"]

    def test_leaves_the_request(self) -> None:
        limits, asked = limit(UNLIMITED, "memory"), limit(2 * GIB, "memory")
        measured = recorded(memory=self.memory, limits=limits, requests=asked)
        assert measured.values["memory_usage_pct"] == 50.0
        assert "no machine has so much" in measured.provenance["memory_usage_pct"]

    def test_of_cores_bounds_nothing(self) -> None:
        measured = recorded(cpu=told(lambda t: 1_000 + 2 * t), limits=limit(UNLIMITED))
        assert measured.values["cpu_core_seconds"] == pytest.approx(600.0)
        assert "no machine has so much" in measured.missing["cpu_usage_pct"]


class TestAContainerOfManyThatSaysNothingThatCanBe:
    """What the others used is no whole sum, however many they are."""

    @pytest.mark.parametrize(
        ("query", "fine", "impossible", "metric", "value"),
        [
            ("cpu", lambda t: 50 + t, lambda _t: 2.0**64, "cpu_core_seconds", 3_300.0),
            ("memory", lambda _t: GIB, lambda _t: 2.0**63, "memory_gib_seconds", 3_300.0),
        ],
    )
    def test_leaves_a_lower_bound(
        self, query: str, fine: Any, impossible: Any, metric: str, value: float
    ) -> None:
        others = tuple(told(fine, pod=f"pod-{n}") for n in range(11))
        measured = recorded(**{query: (*others, told(impossible, pod="odd"))})
        assert measured.values[metric] == pytest.approx(value, rel=0.01)
        assert is_at_least(measured.provenance[metric])
        assert "1 series end in impossible samples" in measured.provenance[metric]


@pytest.mark.parametrize(("first", "is_bound"), [(1, False), (5, True)])
def test_memory_of_a_container_that_was_not_seen_at_its_beginning_is_a_lower_bound(
    first: int, is_bound: bool
) -> None:
    """It began with the run; what it held until somebody looked is not known."""
    whole = told(lambda _t: GIB, pod="other")
    late = series(*((AT + 30 * k, GIB) for k in range(first, 11)), id="/late")
    began = series(*((AT + 30 * k, AT + 5) for k in range(first, 11)), id="/late")
    measured = recorded(memory=(whole, late), started=began)
    assert is_at_least(measured.provenance["memory_gib_seconds"]) is is_bound


def test_an_exporter_that_tells_restarts_and_no_limits_says_nothing_of_a_container() -> None:
    cpu = told(lambda t: 100 + t / 2)
    restarts = told(lambda _t: 0.0)
    alone = recorded(cpu=cpu, restarts=restarts).missing["cpu_usage_pct"]
    assert "kube-state-metrics does not export them, or no container there has any" in alone
    other = told(lambda _t: 2.0, resource="cpu", pod="other")
    beside = recorded(cpu=cpu, restarts=restarts, limits=other).missing["cpu_usage_pct"]
    assert "container p/c has neither cpu limit nor request" in beside
