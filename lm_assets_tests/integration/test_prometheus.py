"""Metrics from a real Prometheus on a back-filled cluster, against values computed by hand."""

import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from lm_assets.collect.collection_config import PrometheusConfig, parse_collection_config
from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.metrics import PROMETHEUS_METRICS, ask_prometheus
from lm_assets.collect.source_answers import SourceAnswer
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets_tests.fakes.cluster_exposition import Exposition, constant, line
from lm_assets_tests.integration.real_prometheus import back_filled, real_prometheus

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]
EXTERNAL = Path(os.environ.get("LM_TEST_SHARED_DATA") or PROJECT.parent / "shared" / "data")
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
END = START + timedelta(seconds=300)
NOW = START + timedelta(days=1)
GIB = 2**30
POD = "kube_pod_container"
ALWAYS = range(-4, 13)
# Six days before the other runs.
FIRST_OF_FIVE_DAYS = -6 * 2_880


def cluster() -> Exposition:
    """Return the history of one namespace per thing that can happen."""
    told = Exposition(start_s=int(START.timestamp()))
    _steady(told)
    _restarts_and_kills(told)
    _changing_containers(told)
    _graphics(told)
    _without_limits(told)
    _five_days(told)
    # All of it ten minutes before the window: the runner's clock is ahead.
    told.cadvisor("memory_working_set_bytes", "skewed", "exec-1", constant(range(-19, -12), GIB))
    told.ksm("status_restarts_total", "skewed", "exec-1", constant(range(-19, -12), 0))
    # Of two kube-state-metrics one has been cut off since scrape 3, and repeats what it knew.
    told.ksm("status_restarts_total", "replicas", "exec-1", [0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2])
    told.ksm(
        "status_restarts_total",
        "replicas",
        "exec-1",
        [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        instance="ksm-1:8080",
    )
    return told


def _steady(told: Exposition) -> None:
    driver = {"container": "spark-kubernetes-driver"}
    cpu, memory = "cpu_usage_seconds_total", "memory_working_set_bytes"
    # Half a core from before the run to after it; between scrapes −1 and 9: 10 × 15 s.
    told.cadvisor(cpu, "steady", "driver", line(-4, 12, start=100, step=15), cpu="total", **driver)
    # A whole core from scrape 2 on, 6 s used by then; to scrape 9: 6 + 7 × 30 s.
    told.cadvisor(cpu, "steady", "exec-1", line(2, 12, start=6, step=30), cpu="total")
    told.cadvisor(memory, "steady", "driver", constant(ALWAYS, GIB), **driver)
    told.cadvisor(memory, "steady", "exec-1", constant(range(2, 13), 2 * GIB))
    for pod, container, cores in (
        ("driver", "spark-kubernetes-driver", 1),
        ("exec-1", "spark-kubernetes-executor", 2),
    ):
        for resource, value in (("cpu", cores), ("memory", 4 * GIB)):
            told.ksm(
                "resource_limits",
                "steady",
                pod,
                constant(ALWAYS, value),
                container=container,
                resource=resource,
                unit="core" if resource == "cpu" else "byte",
            )
        told.ksm("status_restarts_total", "steady", pod, constant(ALWAYS, 3), container=container)
        # A second kube-state-metrics says the same under another instance.
        told.ksm(
            "status_restarts_total",
            "steady",
            pod,
            constant(ALWAYS, 3),
            container=container,
            instance="ksm-1:8080",
        )
    # The pod's own total, the pause container, and the old name of the pause container.
    for container, identity in (("", "pod"), ("", "pause"), ("POD", "old-pause")):
        options = {"container": container, "identity": identity}
        told.cadvisor(memory, "steady", "exec-1", constant(ALWAYS, 900 * GIB), **options)
        told.cadvisor(
            cpu, "steady", "exec-1", line(-4, 12, start=0, step=9_000), cpu="total", **options
        )


def _restarts_and_kills(told: Exposition) -> None:
    restarts, last = "status_restarts_total", "status_last_terminated_reason"
    ended = "status_terminated_reason"
    # Five restarts before the run, two within it.
    told.ksm(restarts, "restarted", "exec-1", [5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7])
    told.ksm(last, "restarted", "exec-1", constant(range(2, 13), 1), reason="Error")
    # Killed twice and restarted each time.
    told.ksm(restarts, "killed-twice", "exec-1", [0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2])
    told.ksm(last, "killed-twice", "exec-1", constant(range(1, 13), 1), reason="OOMKilled")
    told.ksm(ended, "killed-twice", "exec-1", constant([3], 1), reason="OOMKilled")
    # An executor is never restarted: it ends as OOMKilled, and another pod takes its place.
    told.ksm(restarts, "executor-lost", "exec-1", constant(range(-1, 13), 0))
    told.ksm(ended, "executor-lost", "exec-1", constant(range(6, 13), 1), reason="OOMKilled")
    told.ksm(restarts, "executor-lost", "exec-2", constant(range(7, 13), 0))
    # Killed in its last second: only the scrape after the run's end knows.
    told.ksm(restarts, "killed-last", "exec-1", constant(range(-1, 13), 0))
    told.ksm(ended, "killed-last", "exec-1", constant(range(9, 13), 1), reason="OOMKilled")
    # Killed long before the run, dead or restarted ever since.
    told.ksm(restarts, "killed-before", "exec-1", constant(ALWAYS, 4))
    told.ksm(last, "killed-before", "exec-1", constant(ALWAYS, 1), reason="OOMKilled")
    told.ksm(restarts, "killed-before", "exec-2", constant(ALWAYS, 0))
    told.ksm(ended, "killed-before", "exec-2", constant(ALWAYS, 1), reason="OOMKilled")


def _changing_containers(told: Exposition) -> None:
    cpu = "cpu_usage_seconds_total"
    # The container is made anew at scrape 4: 5 × 10 s before, 4 + 5 × 10 s after.
    told.cadvisor(cpu, "recreated", "exec-1", line(-1, 4, start=50, step=10), cpu="total")
    told.cadvisor(
        cpu, "recreated", "exec-1", line(4, 9, start=4, step=10), identity="b", cpu="total"
    )
    # The same series begins anew: 3 × 10 s, then 8 s, then 2 × 10 s.
    reset = {**line(-1, 2, start=50, step=10), **line(3, 5, start=8, step=10)}
    told.cadvisor(cpu, "reset", "exec-1", reset, cpu="total")
    nan = float("nan")
    told.cadvisor("memory_working_set_bytes", "not-a-number", "exec-1", [GIB, nan, *[GIB] * 9])


def _five_days(told: Exposition) -> None:
    # 14,400 scrapes of a run, more than Prometheus gives in one answer, and some beside it.
    scrapes = range(FIRST_OF_FIVE_DAYS - 30, FIRST_OF_FIVE_DAYS + 14_430)
    cpu = line(scrapes[0], scrapes[-1], start=7, step=15)
    told.cadvisor("cpu_usage_seconds_total", "five-days", "exec-1", cpu, cpu="total")
    told.cadvisor("memory_working_set_bytes", "five-days", "exec-1", constant(scrapes, GIB))
    restarts = {k: 4 + (k >= FIRST_OF_FIVE_DAYS + 777) + (k >= -4_000) for k in scrapes}
    told.ksm("status_restarts_total", "five-days", "exec-1", restarts)


def _graphics(told: Exposition) -> None:
    name = "DCGM_FI_DEV_GPU_UTIL"
    card = {"gpu": "0", "UUID": "GPU-1", "device": "nvidia0", "modelName": "Tesla T4"}
    told.series(name, {**card, "namespace": "gpu", "pod": "exec-1"}, [90] + [40] * 5 + [60] * 5)
    # Scraped without honor_labels the exporter's own namespace comes first.
    scraped = {"namespace": "gpu-operator", "pod": "dcgm-exporter-x", "container": "exporter"}
    exported = {"exported_namespace": "gpu-exported", "exported_pod": "exec-1"}
    told.series(name, {**card, **scraped, **exported}, [0] * 6 + [100] * 5)


def _without_limits(told: Exposition) -> None:
    for namespace in ("requested", "unlimited"):
        told.cadvisor(
            "cpu_usage_seconds_total",
            namespace,
            "exec-1",
            line(-4, 12, start=0, step=15),
            cpu="total",
        )
        told.cadvisor("memory_working_set_bytes", namespace, "exec-1", constant(ALWAYS, GIB))
    told.limit("requested", "exec-1", kind="requests", cpu=2, memory=2 * GIB)


def samples_of(text: str) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """Every sample of an exposition: name, its labels' text, labels, value."""
    for sample in re.finditer(r"^(\w+)\{(.*)\} (\S+)(?: \d+)?$", text, re.MULTILINE):
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2]))
        yield sample[1], sample[2], labels, float(sample[3])


def real_samples(shared_data: Path) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """Every sample of a real cluster's exporters."""
    folder = shared_data / "prometheus"
    yield from samples_of((folder / "ksm_metrics.txt").read_text())
    yield from samples_of(
        gzip.decompress((folder / "cadvisor_metrics.txt.gz").read_bytes()).decode()
    )


def expected_of_exporter(
    shared_data: Path,
) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """Every sample that kube-state-metrics' own tests expect of it for pods of every fate."""
    path = shared_data / "kubernetes" / "ksm_pod_store_expected.json"
    for block in json.loads(path.read_text())["blocks"]:
        yield from samples_of(block["want"])


def add_real_samples(
    told: Exposition, samples: Iterator[tuple[str, str, dict[str, str], float]]
) -> None:
    """Let real pods appear with the run: scrapes 2 to 8 show what their exporters showed."""
    wanted = ("kube_pod_container_", "container_cpu_usage", "container_memory_working_set")
    for name, text, _, value in samples:
        if name.startswith(wanted):
            for scrape in range(2, 9):
                told.lines.append(f"{name}{{{text}}} {value} {told.start_s + 30 * scrape + 7}")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cluster's history as blocks of Prometheus' own."""
    told = cluster()
    if EXTERNAL.is_dir():
        add_real_samples(told, real_samples(EXTERNAL))
        add_real_samples(told, expected_of_exporter(EXTERNAL))
    return back_filled(told, tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, blocks: Path) -> Iterator[Prometheus]:
    """A real Prometheus that holds the cluster's history."""
    with real_prometheus(tmp_path_factory.mktemp("prometheus"), blocks) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def half_a_server(tmp_path_factory: pytest.TempPathFactory, blocks: Path) -> Iterator[Prometheus]:
    """A real Prometheus whose long-term store, of which it asks the rest, is down."""
    gone = f"http://127.0.0.1:{free_port()}/read"
    settings = f"remote_read:\n  - url: {gone}\n    read_recent: true\n"
    folder = tmp_path_factory.mktemp("half")
    with real_prometheus(folder, blocks, settings=settings) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def config() -> PrometheusConfig:
    """The configuration that is shipped."""
    content = yaml.safe_load((PROJECT / "config" / "collection.yaml").read_text())
    prometheus = parse_collection_config(content).prometheus
    assert prometheus is not None
    return prometheus


REAL_NAMESPACES = ("scraper", "kube-system")
# Of kube-state-metrics' own tests: a container killed for its memory and one restarted; one that
# was killed before, of which nothing else is told.
FATES = ("ns2", "ns6")
NAMESPACES = (
    *("steady", "restarted", "killed-twice", "executor-lost", "killed-last", "killed-before"),
    *("recreated", "reset", "not-a-number", "gpu", "gpu-exported", "requested", "unlimited"),
    *("skewed", "empty"),
    *REAL_NAMESPACES,
    *FATES,
    "replicas",
)


def window(namespace: str) -> RunWindow:
    return RunWindow(run=namespace, namespace=namespace, started_at=START, ended_at=END)


@pytest.fixture(scope="module")
def answers(server: Prometheus, config: PrometheusConfig) -> Mapping[str, SourceAnswer]:
    """What Prometheus gives for all the namespaces, asked at once."""
    return ask_prometheus(server, [window(n) for n in NAMESPACES], config=config, now=NOW)


def values(answers: Mapping[str, SourceAnswer], namespace: str) -> Mapping[str, float]:
    return answers[namespace].measurements.values


def test_a_steady_run_has_the_values_computed_by_hand(
    answers: Mapping[str, SourceAnswer],
) -> None:
    assert values(answers, "steady") == pytest.approx(
        {
            "pod_restarts": 0.0,
            "oom_kills": 0.0,
            "cpu_core_seconds": 150 + 6 + 210,
            # Between their first and last samples: 150 of 1 × 300 and 210 of 2 × 210.
            "cpu_usage_pct": 100 * (150 + 210) / (300 + 420),
            # 1 GiB for 300 s; 2 GiB from the query's step at 90 s, which first sees scrape 2.
            "memory_gib_seconds": 300 + 2 * 210,
            "memory_usage_pct": 50.0,
        }
    )
    assert answers["steady"].measurements.provenance["cpu_usage_pct"] == "prometheus (of limits)"
    assert answers["steady"].measurements.provenance["pod_restarts"] == "prometheus"


@pytest.mark.parametrize(
    ("namespace", "restarts", "kills"),
    [
        ("restarted", 2, 0),
        ("killed-twice", 2, 2),
        ("executor-lost", 0, 1),
        ("killed-last", 0, 1),
        ("killed-before", 0, 0),
    ],
)
def test_restarts_and_kills_are_those_within_the_run(
    answers: Mapping[str, SourceAnswer], namespace: str, restarts: int, kills: int
) -> None:
    measured = values(answers, namespace)
    assert (measured["pod_restarts"], measured["oom_kills"]) == (restarts, kills)


@pytest.mark.parametrize(("namespace", "core_s"), [("recreated", 104), ("reset", 58)])
def test_a_container_made_anew_loses_and_doubles_no_cpu_time(
    answers: Mapping[str, SourceAnswer], namespace: str, core_s: float
) -> None:
    assert values(answers, namespace)["cpu_core_seconds"] == pytest.approx(core_s)


# At 300 s the last scrape seen is k = 9; the one at or before the start, k = −1, is outside.
@pytest.mark.parametrize(
    ("namespace", "mean_pct"),
    [("gpu", (5 * 40 + 5 * 60) / 10), ("gpu-exported", (5 * 0 + 5 * 100) / 10)],
)
def test_gpu_usage_is_the_mean_within_the_run_however_it_was_scraped(
    answers: Mapping[str, SourceAnswer], namespace: str, mean_pct: float
) -> None:
    assert values(answers, namespace)["gpu_usage_pct"] == pytest.approx(mean_pct)


def test_requests_stand_in_for_limits_and_the_provenance_says_so(
    answers: Mapping[str, SourceAnswer],
) -> None:
    measured = answers["requested"].measurements
    assert measured.values["cpu_usage_pct"] == pytest.approx(25.0)
    assert measured.values["memory_usage_pct"] == pytest.approx(50.0)
    assert measured.provenance["cpu_usage_pct"] == "prometheus (of requests)"


def test_without_limit_and_request_there_is_no_percentage_but_there_is_a_cost(
    answers: Mapping[str, SourceAnswer],
) -> None:
    measured = answers["unlimited"].measurements
    assert measured.values["cpu_core_seconds"] == pytest.approx(150.0)
    assert measured.missing["cpu_usage_pct"] == (
        "prometheus: nobody told cpu limits or requests for the namespace: is kube-state-metrics "
        "scraped, and under which labels?"
    )


def test_no_series_is_missing_and_never_zero(answers: Mapping[str, SourceAnswer]) -> None:
    measured = answers["empty"].measurements
    assert measured.values == {}
    assert measured.missing == dict.fromkeys(PROMETHEUS_METRICS, "prometheus: no series")


def test_series_beside_the_window_point_at_the_clocks(
    answers: Mapping[str, SourceAnswer],
) -> None:
    reason = answers["skewed"].measurements.missing["memory_gib_seconds"]
    assert reason == (
        "prometheus: no series in the window, but from 2026-11-22T09:51:00Z "
        "to 2026-11-22T09:54:00Z: do the clocks agree?"
    )


def test_samples_that_are_no_number_are_left_out_and_told(
    answers: Mapping[str, SourceAnswer],
) -> None:
    measured = answers["not-a-number"].measurements
    assert measured.values["memory_gib_seconds"] == pytest.approx(300.0)
    assert (
        "1 samples that are no number of zero or above left out"
        in measured.provenance["memory_gib_seconds"]
    )


def test_replicas_that_contradict_each_other_count_a_restart_once(
    answers: Mapping[str, SourceAnswer],
) -> None:
    assert values(answers, "replicas") == {"pod_restarts": 2, "oom_kills": 0}


def test_a_partial_answer_says_so_beside_what_it_has_and_beside_what_it_lacks(
    half_a_server: Prometheus, answers: Mapping[str, SourceAnswer], config: PrometheusConfig
) -> None:
    asked = [window("steady"), window("empty")]
    partial = ask_prometheus(half_a_server, asked, config=config, now=NOW)
    assert values(partial, "steady") == values(answers, "steady")
    said = "partial answer: remote_read: error sending request"
    for provenance in partial["steady"].measurements.provenance.values():
        assert said in provenance
    for missing in partial["empty"].measurements.missing.values():
        assert missing.startswith(f"prometheus: no series; {said}")


def test_a_campaign_costs_few_queries_and_each_run_has_its_own_window(
    server: Prometheus, config: PrometheusConfig
) -> None:
    asked: list[str] = []

    class Counting(Prometheus):
        def __init__(self) -> None:
            """Ask through the server that runs."""

        def query_range(self, promql: str, **options: float):  # type: ignore[no-untyped-def, override]
            asked.append(promql)
            return server.query_range(promql, **options)

    minute = timedelta(minutes=1)
    starts = [START + n * minute for n in range(5)]
    windows = [
        replace(window("steady"), run=f"run-{n}", started_at=start, ended_at=start + minute)
        for n, start in enumerate(starts)
    ]
    answers = ask_prometheus(Counting(), windows, config=config, now=NOW)
    assert len(asked) == 9
    core_s = [answers[f"run-{n}"].measurements.values["cpu_core_seconds"] for n in range(5)]
    # The driver alone, then the executor's first sample and one step, then two whole minutes.
    assert core_s == pytest.approx([30, 30 + 6 + 30, 30 + 60, 30 + 60, 30 + 60])


def test_a_window_of_more_points_than_one_answer_holds_is_asked_for_by_a_longer_step(
    server: Prometheus, config: PrometheusConfig
) -> None:
    start = START + timedelta(seconds=30 * FIRST_OF_FIVE_DAYS)
    run = replace(window("five-days"), started_at=start, ended_at=start + timedelta(days=5))
    answer = ask_prometheus(server, [run], config=config, now=NOW)["five-days"]
    seconds = 5 * 86_400
    # Half a core and one GiB all the time; an edge may be off by one step of 40 s.
    assert answer.measurements.values == pytest.approx(
        {
            "pod_restarts": 2,
            "oom_kills": 0,
            "cpu_core_seconds": 0.5 * seconds,
            "memory_gib_seconds": seconds,
        },
        abs=20,
    )
    assert answer.measurements.values["pod_restarts"] == 2
    assert answer.asked["pod_restarts"].endswith(" by 40 s")


@pytest.mark.parametrize(
    ("seconds", "now", "reason"),
    [
        (59, NOW, "window shorter than two scrapes"),
        (300, START - timedelta(hours=1), "window lies in the future: 2026-11-22T10:05:00+00:00"),
        (300, START + timedelta(seconds=9), "window ends in the future: 2026-11-22T10:05:00+00:00"),
    ],
)
def test_a_window_that_is_no_use_is_named(
    server: Prometheus, config: PrometheusConfig, seconds: int, now: datetime, reason: str
) -> None:
    run = replace(window("steady"), ended_at=START + timedelta(seconds=seconds))
    measured = ask_prometheus(server, [run], config=config, now=now)["steady"].measurements
    assert set(measured.missing.values()) == {f"prometheus: {reason}"}


@pytest.mark.external_data
@pytest.mark.parametrize("namespace", REAL_NAMESPACES)
def test_the_label_sets_of_real_exporters_are_understood(
    answers: Mapping[str, SourceAnswer], shared_data: Path, namespace: str
) -> None:
    samples = [s for s in real_samples(shared_data) if s[2].get("namespace") == namespace]
    restarts = sum(v for name, _, _, v in samples if name.endswith("status_restarts_total"))
    working_set_bytes = sum(
        value
        for name, _, labels, value in samples
        if name == "container_memory_working_set_bytes" and labels["container"]
    )
    measured = values(answers, namespace)
    # Its pods began within the run, and so did their counters; constant for 6 scrapes of 30 s.
    assert measured["pod_restarts"] == restarts
    assert measured["oom_kills"] == 0
    assert measured["memory_gib_seconds"] == pytest.approx(working_set_bytes / GIB * 180)


@pytest.mark.external_data
def test_the_real_cluster_has_two_restarts(answers: Mapping[str, SourceAnswer]) -> None:
    found = {name: values(answers, name)["pod_restarts"] for name in REAL_NAMESPACES}
    assert found == {"scraper": 2, "kube-system": 0}


@pytest.mark.external_data
def test_what_the_exporter_says_of_a_killed_container_is_a_kill(
    answers: Mapping[str, SourceAnswer], shared_data: Path
) -> None:
    of_pod = [s for s in expected_of_exporter(shared_data) if s[2].get("namespace") == "ns2"]
    restarts = sum(v for name, _, _, v in of_pod if name == f"{POD}_status_restarts_total")
    kills = sum(
        value
        for name, _, labels, value in of_pod
        if name == f"{POD}_status_terminated_reason" and labels["reason"] == "OOMKilled"
    )
    assert (restarts, kills) == (1, 1)
    assert values(answers, "ns2") == {"pod_restarts": restarts, "oom_kills": kills}


@pytest.mark.external_data
def test_the_reason_of_an_earlier_end_without_a_restart_counter_is_no_zero(
    answers: Mapping[str, SourceAnswer], shared_data: Path
) -> None:
    of_pod = [s for s in expected_of_exporter(shared_data) if s[2].get("namespace") == "ns6"]
    reasons = [labels["reason"] for _, _, labels, _ in of_pod if "reason" in labels]
    assert reasons == ["OOMKilled"]
    missing = answers["ns6"].measurements.missing
    assert missing["oom_kills"] == missing["pod_restarts"] == "prometheus: no series"
