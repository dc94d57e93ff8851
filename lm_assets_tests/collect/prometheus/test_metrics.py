"""Windows, batches and series arithmetic behind the metrics from Prometheus."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.collection_config import PrometheusConfig, parse_collection_config
from lm_assets.collect.prometheus.batches import RunWindow, batches
from lm_assets.collect.prometheus.counters import counter_growth
from lm_assets.collect.prometheus.metrics import ask_prometheus
from lm_assets.collect.prometheus.run import RUN_METRICS
from lm_assets.collect.prometheus.series_window import integral, value_at
from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.prometheus import Prometheus, QueryAnswer, Series
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.model.errors import ConfigurationError
from lm_assets_tests.fakes.http_server import Answer, serving

PROJECT = Path(__file__).parents[3]
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NOW = START + timedelta(days=30)


def shipped() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / "config" / "collection.yaml").read_text())
    return content


def config(**changes: Any) -> PrometheusConfig:
    prometheus = parse_collection_config(shipped()).prometheus
    assert prometheus is not None
    return msgspec.structs.replace(prometheus, **changes)


def run(
    name: str = "r", *, namespace: str = "ns", after_s: float = 0, lasts_s: float = 300
) -> RunWindow:
    start = START + timedelta(seconds=after_s)
    return RunWindow(
        run=name,
        namespace=namespace,
        started_at=start,
        ended_at=start + timedelta(seconds=lasts_s),
    )


def series(*points: tuple[float, float], **labels: str) -> Series:
    return Series(
        labels={"namespace": "ns", "pod": "p", "container": "c", **labels},
        times_s=tuple(t for t, _ in points),
        values=tuple(v for _, v in points),
    )


class Scripted(Prometheus):
    """Answers by a function of the query; keeps what was asked."""

    def __init__(self, answer: Callable[[str], QueryAnswer]) -> None:
        """Ask nobody."""
        self.answer = answer
        self.asked: list[tuple[str, float, float, float]] = []

    def query_range(
        self, promql: str, *, start_s: float, end_s: float, step_s: float
    ) -> QueryAnswer:
        self.asked.append((promql, start_s, end_s, step_s))
        return self.answer(promql)


def too_large(promql: str) -> QueryAnswer:
    raise RemoteError(asked="x", fault=RemoteFault.TOO_LARGE, detail="big")


def grown(*replicas: Series, start_s: float = 0, until_s: float = 100, **how: bool) -> float:
    steps = counter_growth(replicas, start_s=start_s, until_s=until_s, **{"from_zero": True, **how})
    return sum(step.by for step in steps)


@given(
    growth=st.lists(st.integers(0, 50), min_size=1, max_size=30),
    resets=st.sets(st.integers(1, 29)),
)
def test_a_counter_that_begins_anew_has_grown_by_all_it_showed(
    growth: list[int], resets: set[int]
) -> None:
    value, points, expected = 1_000, [(0.0, 1_000.0)], 0
    for index, by in enumerate(growth, start=1):
        # One that begins anew at half of what it was, or above, only seems to waver.
        value = by if index in resets and by < value / 2 else value + by
        expected += by
        points.append((float(index), float(value)))
    assert grown(series(*points)) == expected


@given(
    st.lists(st.floats(0, 50), min_size=2, max_size=30),
    st.floats(0.5, 1.0, exclude_min=True),
)
def test_a_counter_that_wavers_has_grown_by_what_lies_above_all_it_was(
    growth: list[float], share: float
) -> None:
    values = [1_000.0]
    for by in growth:
        values.append(values[-1] + by)
    wavering = [v * share if n % 3 == 2 else v for n, v in enumerate(values)]
    wavering[-1] = values[-1]
    points = tuple((float(n), v) for n, v in enumerate(wavering))
    assert grown(series(*points)) == pytest.approx(values[-1] - values[0])


def test_a_counter_that_appears_within_the_window_counts_as_it_is_told() -> None:
    counter = series((40, 3), (70, 5))
    assert grown(counter) == 5
    assert grown(counter, from_zero=False) == 2
    assert grown(counter, start_s=40) == 2
    assert grown(counter, until_s=39) == 0


def test_a_replica_that_is_behind_adds_nothing_twice() -> None:
    ahead, behind = series((0, 10), (30, 20), (60, 30)), series((5, 9), (35, 19), (95, 40))
    assert grown(ahead, behind) == 30


def test_a_replica_that_has_not_noticed_a_new_beginning_is_not_believed() -> None:
    first, late = series((0, 100), (30, 2), (60, 4)), series((5, 100), (35, 100), (65, 5))
    assert grown(first, late) == 5


def test_the_series_that_follows_one_that_ended_begins_anew() -> None:
    assert grown(series((0, 100), (30, 110)), series((60, 4), (90, 9))) == 10 + 4 + 5


def test_a_count_that_nothing_sets_back_only_grows() -> None:
    counter = series((0, 0), (30, 1), (60, 0), (90, 1))
    assert grown(counter, may_begin_anew=False) == 1


def test_an_integral_is_clipped_to_the_window() -> None:
    gauge = series((0, 0), (10, 10), (20, 10))
    assert integral(gauge, start_s=0, until_s=20) == 50 + 100
    assert integral(gauge, start_s=5, until_s=15) == pytest.approx(37.5 + 50)
    assert integral(gauge, start_s=30, until_s=40) == 0
    assert integral(series((5, 7)), start_s=0, until_s=10) == 0


def test_a_value_is_that_of_the_last_sample_before() -> None:
    gauge = series((10, 1), (20, 2))
    assert [value_at(gauge, at) for at in (9, 10, 19, 25)] == [None, 1, 1, 2]


@given(
    starts=st.lists(st.integers(0, 3_000_000), min_size=1, max_size=40),
    namespaces=st.integers(1, 7),
)
def test_batches_hold_every_run_once_within_the_limits(starts: list[int], namespaces: int) -> None:
    runs = [
        run(str(n), namespace=f"ns-{n % namespaces}", after_s=at) for n, at in enumerate(starts)
    ]
    settings = config(max_namespaces_per_query=3)
    made = list(batches(runs, settings))
    assert sorted(w.run for b in made for w in b.windows) == sorted(w.run for w in runs)
    for batch in made:
        assert (batch.end_s - batch.start_s) / batch.step_s < 11_000
        assert len(batch.namespaces) <= 3
        assert batch.step_s == 30
        assert batch.start_s < min(w.start_s for w in batch.windows)
        assert batch.end_s > max(w.end_s for w in batch.windows)


def test_a_run_too_long_for_the_scrape_interval_gets_a_longer_step() -> None:
    (batch,) = batches([run(lasts_s=700_000)], config())
    assert (batch.end_s - batch.start_s) / batch.step_s < 11_000
    assert batch.step_s == 64
    assert "[64000ms]" in batch.promql(config().queries.restarts)


def test_a_campaign_of_1600_runs_costs_nine_queries() -> None:
    server = Scripted(lambda _promql: QueryAnswer())
    runs = [
        run(f"r{n}", namespace=f"ns-{n % 160}", after_s=20 * n, lasts_s=120) for n in range(1600)
    ]
    answers = ask_prometheus(server, runs, config=config(), now=NOW)
    assert len(server.asked) == 9
    assert len(answers) == 1600


def test_an_answer_that_is_too_large_is_asked_for_in_halves() -> None:
    def answer(promql: str) -> QueryAnswer:
        return too_large(promql) if "ns-0|ns-1|ns-2" in promql else QueryAnswer()

    server = Scripted(answer)
    runs = [run(f"r{n}", namespace=f"ns-{n}") for n in range(4)]
    answers = ask_prometheus(server, runs, config=config(), now=NOW)
    assert len(server.asked) == 3 * 9
    assert answers["r3"].measurements.missing["pod_restarts"] == "prometheus: no series"


def test_one_run_whose_answer_is_too_large_says_so() -> None:
    answers = ask_prometheus(Scripted(too_large), [run()], config=config(), now=NOW)
    assert answers["r"].measurements.missing["gpu_usage_pct"] == "prometheus: x: too_large: big"


def test_a_query_that_fails_takes_only_its_own_metrics_away() -> None:
    at = START.timestamp()

    def answer(promql: str) -> QueryAnswer:
        if "restarts_total" in promql:
            return QueryAnswer(series=(series((at + 30, 2.0), uid="u"),))
        if "OOMKilled" in promql:
            raise RemoteError(asked="x", fault=RemoteFault.TIMED_OUT, detail="slow")
        return QueryAnswer()

    measured = ask_prometheus(Scripted(answer), [run()], config=config(), now=NOW)["r"].measurements
    assert measured.values == {"pod_restarts": 2.0}
    assert measured.missing["oom_kills"] == "prometheus: x: timed_out: slow"


@pytest.mark.parametrize(
    ("reason", "kills"), [("container_status_terminated_reason", 1.0), ("_last_terminated_", 0.0)]
)
def test_a_killed_container_without_a_restart_count_is_never_taken_for_none(
    reason: str, kills: float
) -> None:
    at = START.timestamp()
    times = [at + 30 * k for k in range(1, 11)]

    def answer(promql: str) -> QueryAnswer:
        if "restarts_total" in promql:
            return QueryAnswer(series=(series(*((t, 0.0) for t in times), uid="u"),))
        if reason in promql:
            told = ((t, float(t > at + 100)) for t in times)
            return QueryAnswer(series=(series(*told, pod="other", uid="v"),))
        return QueryAnswer()

    measured = ask_prometheus(Scripted(answer), [run()], config=config(), now=NOW)["r"].measurements
    assert measured.values["oom_kills"] == kills
    told = measured.provenance["oom_kills"]
    assert told == "prometheus (at least; killed containers without a restart count: 1)"
    assert measured.provenance["pod_restarts"] == "prometheus"


def test_a_partial_answer_is_told_in_the_provenance() -> None:
    at = START.timestamp()
    points = [(at + 30 * k, 0.0) for k in range(1, 11)]
    answer = QueryAnswer(series=(series(*points, uid="u"),), warnings=("one store is down",))
    measured = ask_prometheus(Scripted(lambda _q: answer), [run()], config=config(), now=NOW)
    provenance = measured["r"].measurements.provenance["pod_restarts"]
    assert provenance == "prometheus (partial answer: one store is down)"


def test_samples_in_a_part_of_the_window_only_are_told_in_the_provenance() -> None:
    at = START.timestamp()
    answer = QueryAnswer(series=(series((at + 30, 0.0), (at + 60, 1.0), uid="u"),))
    measured = ask_prometheus(Scripted(lambda _q: answer), [run()], config=config(), now=NOW)
    provenance = measured["r"].measurements.provenance["pod_restarts"]
    assert provenance == "prometheus (at least; samples in 20 % of the window)"


def test_a_mean_over_a_part_of_the_window_is_missing() -> None:
    """The mean of a part is not the mean, and no bound of it either."""
    at = START.timestamp()
    card = {"UUID": "GPU-1"}
    answer = QueryAnswer(series=(series((at + 30, 55.0), (at + 60, 55.0), **card),))
    measured = ask_prometheus(Scripted(lambda _q: answer), [run()], config=config(), now=NOW)
    missing = measured["r"].measurements.missing["gpu_usage_pct"]
    assert missing == "prometheus: samples in 20 % of the window"


def test_contradictory_duplicates_are_told_to_the_run_they_belong_to() -> None:
    answer = QueryAnswer(conflicts=({"namespace": "ns"},))
    runs = [run("mine"), run("other", namespace="other")]
    answers = ask_prometheus(Scripted(lambda _q: answer), runs, config=config(), now=NOW)
    reasons = {name: a.measurements.missing["cpu_core_seconds"] for name, a in answers.items()}
    assert reasons == {
        "mine": "prometheus: no series; partial answer: 1 contradictory duplicate series left out",
        "other": "prometheus: no series",
    }


def test_runs_in_one_namespace_at_one_time_cannot_be_told_apart() -> None:
    server = Scripted(lambda _q: QueryAnswer())
    runs = [run("a"), run("b", after_s=299), run("c", after_s=599)]
    answers = ask_prometheus(server, runs, config=config(), now=NOW)
    reasons = {name: a.measurements.missing["pod_restarts"] for name, a in answers.items()}
    assert reasons == {
        "a": "prometheus: run b was in namespace ns at the same time",
        "b": "prometheus: run a was in namespace ns at the same time",
        "c": "prometheus: no series",
    }


def test_an_event_scraped_after_the_end_belongs_to_the_run_unless_the_next_has_begun() -> None:
    at = START.timestamp()
    answer = QueryAnswer(series=(series((at + 30, 0.0), (at + 320, 1.0), uid="u"),))
    server = Scripted(lambda promql: answer if "restarts" in promql else QueryAnswer())
    alone = ask_prometheus(server, [run("a")], config=config(), now=NOW)
    runs = [run("a"), run("b", after_s=305)]
    followed = ask_prometheus(server, runs, config=config(), now=NOW)
    assert alone["a"].measurements.values["pod_restarts"] == 1
    assert followed["a"].measurements.values["pod_restarts"] == 0
    assert followed["b"].measurements.values["pod_restarts"] == 1


@pytest.mark.parametrize("namespace", ["", 'a"}', "A", "a|b", ".*", "-a", "a" * 64])
def test_what_is_no_namespace_never_reaches_a_query(namespace: str) -> None:
    server = Scripted(lambda _q: QueryAnswer())
    answers = ask_prometheus(server, [run(namespace=namespace)], config=config(), now=NOW)
    assert server.asked == []
    reason = answers["r"].measurements.missing["pod_restarts"]
    assert reason == f"prometheus: {namespace!r} is not a Kubernetes namespace"


def test_a_window_that_ends_before_it_starts_is_named() -> None:
    answers = ask_prometheus(
        Scripted(lambda _q: QueryAnswer()), [run(lasts_s=-5)], config=config(), now=NOW
    )
    reason = answers["r"].measurements.missing["pod_restarts"]
    assert reason == "prometheus: window ends 5 s before it starts"


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"scrape_interval_s": 0}, "prometheus.scrape_interval_s", "> 0"),
        ({"max_points": 20_000}, "prometheus.max_points", "<= 11000"),
        ({"max_pionts": 5}, "prometheus", "unknown field `max_pionts`"),
        ({"queries": {}}, "prometheus.queries", "missing required field `restarts`"),
    ],
)
def test_a_wrong_configuration_is_refused_by_path_and_rule(
    change: dict[str, Any], path: str, rule: str
) -> None:
    content = {"prometheus": {**shipped()["prometheus"], **change}}
    with pytest.raises(ConfigurationError) as refusal:
        parse_collection_config(content)
    assert refusal.value.file == "config/collection.yaml"
    assert refusal.value.path == path
    assert rule in refusal.value.rule


def test_a_query_that_forgets_the_namespaces_is_refused() -> None:
    content = shipped()
    content["prometheus"]["queries"]["gpu_pct"] = "DCGM_FI_DEV_GPU_UTIL"
    with pytest.raises(ConfigurationError, match=r"prometheus\.queries\.gpu_pct"):
        parse_collection_config(content)


def test_an_empty_configuration_asks_nobody() -> None:
    assert parse_collection_config({}).prometheus is None


def of_prometheus(text: list[tuple[float, str]]) -> dict[str, str | float]:
    """Return what a run gets where every query has one series of these samples."""
    body = {"metric": {"namespace": "ns", "pod": "p", "container": "c", "resource": "cpu"}}
    result = [{**body, "values": text}]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    with serving(lambda _request: Answer(body=json.dumps(answer).encode())) as server:
        prometheus = Prometheus(server.url, retry=NO_RETRY)
        told = ask_prometheus(prometheus, [run()], config=config(), now=NOW)["r"].measurements
        prometheus.close()
    return {**told.missing, **told.values}


def within(*values: str) -> list[tuple[float, str]]:
    return [(START.timestamp() + 60.0 * n, value) for n, value in enumerate(values, start=1)]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-210", "five"])
def test_a_window_of_nothing_but_no_numbers_is_missing_with_the_reason(value: str) -> None:
    told = of_prometheus(within(value, value))
    reason = "prometheus: no series; 2 samples that are no number of zero or above left out"
    assert told == dict.fromkeys(RUN_METRICS, reason)


def test_a_sum_beyond_the_bound_is_missing_and_the_other_metrics_are_kept() -> None:
    told = of_prometheus(within("1e308", "1e308"))
    assert isinstance(told["memory_gib_seconds"], str)
    assert [v for v in told.values() if not isinstance(v, str) and abs(v) > 1e150] == []
    assert told["oom_kills"] == 0.0


@pytest.mark.parametrize("time_s", [1e300, -1e300, 253_402_300_800.0, -1.0])
def test_a_sample_of_no_calendar_is_left_out(time_s: float) -> None:
    told = of_prometheus([(time_s, "5"), *within("0", "3")])
    assert told["pod_restarts"] == 3.0


def test_a_query_that_raises_anything_costs_the_metrics_that_need_it_and_no_run() -> None:
    def answer(promql: str) -> QueryAnswer:
        raise LookupError(promql)

    told = ask_prometheus(Scripted(answer), [run()], config=config(), now=NOW)["r"].measurements
    reason = "prometheus: unexpected_answer: LookupError; the run's log has the trace"
    assert told.missing == dict.fromkeys(RUN_METRICS, reason)
