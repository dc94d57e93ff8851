"""Series that contradict themselves, on a real Prometheus: what was used is what is counted."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.metrics import ask_prometheus
from lm_assets.collect.source_answers import SourceAnswer, merge_answers
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.provenance import is_at_least
from lm_assets_tests.fakes.cluster_exposition import Exposition, constant, line
from lm_assets_tests.integration.real_prometheus import back_filled, real_prometheus

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
END = START + timedelta(seconds=300)
GIB = 2**30
CPU, MEMORY, RESTARTS = (
    "cpu_usage_seconds_total",
    "memory_working_set_bytes",
    "status_restarts_total",
)
ALWAYS = range(-4, 13)
SECOND = {"instance": "ksm-1:8080"}


def cluster() -> Exposition:
    """One namespace per contradiction."""
    told = Exposition(start_s=int(START.timestamp()))
    _counters_that_fall(told)
    _groups_of_one_time(told)
    _first_seen_late(told)
    _impossible_samples(told)
    _without_honor_labels(told)
    _listed_elsewhere(told)
    _beyond_any_bound(told)
    for cpu in ("cpu00", "cpu01"):
        told.cadvisor(CPU, "split", "exec-1", line(-4, 12, start=100, step=7.5), cpu=cpu)
    return told


def _counters_that_fall(told: Exposition) -> None:
    # Half a core; at scrape 4 the counter wavers by 0.04 s.
    wavers = line(-4, 12, start=5_000, step=15)
    told.cadvisor(CPU, "wavers", "exec-1", {**wavers, 4: wavers[3] - 0.04}, cpu="total")
    # Two replicas 16 s apart, of which the one that leads ends with scrape 5.
    told.cadvisor(CPU, "replicas", "exec-1", line(-4, 5, start=5_008, step=15), replica="a")
    told.cadvisor(CPU, "replicas", "exec-1", line(-4, 12, start=5_000, step=15), replica="b")
    # The one that saw the only restart first ends before the other has seen it.
    for replica, last, ahead in (("a", 3, 30), ("b", 6, 15), ("c", 12, 0)):
        grown = line(-4, last, start=5_000 + ahead, step=15)
        told.cadvisor(CPU, "three-replicas", "exec-1", grown, replica=replica, cpu="total")
    told.ksm(RESTARTS, "two-exporters", "exec-1", [6, 6, 6, 7, 7])
    told.ksm(RESTARTS, "two-exporters", "exec-1", [6] * 6 + [7] * 6, **SECOND)
    told.ksm(RESTARTS, "first-restart", "exec-1", [0, 0, 0, 1, 1])
    told.ksm(RESTARTS, "first-restart", "exec-1", [0] * 6 + [1] * 6, **SECOND)
    told.ksm(RESTARTS, "reason-told", "exec-1", [0] * 6 + [1] * 6)
    reason = constant(range(5, 11), 1)
    told.ksm("status_last_terminated_reason", "reason-told", "exec-1", reason, reason="Error")
    # A counter that truly begins anew: 3 × 10 s, then 2 s, then 6 × 10 s.
    anew = {**line(-1, 2, start=500, step=10), **line(3, 9, start=2, step=10)}
    told.cadvisor(CPU, "anew", "exec-1", anew, cpu="total")


def _groups_of_one_time(told: Exposition) -> None:
    for suffix, cores, gib in (
        ("crio.scope", 0.5, 2.0),
        ("crio.scope/kubepods.slice", 0.47, 1.9),
        ("crio.scope/init.scope", 0.43, 1.6),
    ):
        grown = line(-4, 12, start=40 * cores, step=30 * cores)
        told.cadvisor(CPU, "nested", "exec-1", grown, identity=suffix, cpu="total")
        told.cadvisor(MEMORY, "nested", "exec-1", constant(ALWAYS, gib * GIB), identity=suffix)


def _first_seen_late(told: Exposition) -> None:
    # A pod of two days that is first scraped 97 s into the run; 0.43 cores from then on.
    late = line(3, 12, start=86_400, step=15)
    for namespace in ("days-old", "days-old-untold"):
        told.cadvisor(CPU, namespace, "exec-1", late, cpu="total")
        told.limit(namespace, "exec-1", cpu=2, memory=4 * GIB)
        told.ksm(RESTARTS, namespace, "exec-1", constant(range(3, 13), 7))
    began = told.start_s - 172_800
    pod = {"namespace": "days-old", "pod": "exec-1", "uid": "uid-days-old-exec-1"}
    told.series("kube_pod_start_time", pod, constant(range(3, 13), began))
    # A pod of this run, first scraped at the same time, says so and counts whole.
    told.cadvisor(CPU, "young", "exec-1", line(3, 12, start=30, step=15), cpu="total")
    told.ksm(RESTARTS, "young", "exec-1", constant(range(3, 13), 1))
    # One that says so, and has used and restarted more than it can have since.
    told.cadvisor(CPU, "not-young", "exec-1", late, cpu="total")
    told.ksm(RESTARTS, "not-young", "exec-1", constant(range(3, 13), 500))
    pod = {"namespace": "not-young", "pod": "exec-1", "uid": "uid-not-young-exec-1"}
    told.series("kube_pod_start_time", pod, constant(range(3, 13), told.start_s + 20))
    pod = {"namespace": "young", "pod": "exec-1", "uid": "uid-young-exec-1"}
    told.series("kube_pod_start_time", pod, constant(range(3, 13), told.start_s + 20))


def _impossible_samples(told: Exposition) -> None:
    name = "DCGM_FI_DEV_GPU_UTIL"
    for namespace, values in (
        ("gpu-once-blank", [55] * 5 + [808_334_905] + [55] * 6),
        ("gpu-always-blank", [2_147_483_632] * 12),
        ("gpu-mostly-blank", [55] * 4 + [2_147_483_632] * 8),
    ):
        card = {"UUID": "GPU-1", "namespace": namespace, "pod": "exec-1"}
        told.series(name, card, values)
    memory = {**constant(ALWAYS, GIB), 4: float(2**64 - 4_096)}
    told.cadvisor(MEMORY, "wrapped", "exec-1", memory)
    jumps = {k: value + 1e9 * (k > 4) for k, value in line(-4, 12, start=100, step=15).items()}
    told.cadvisor(CPU, "jumps", "exec-1", jumps, cpu="total")
    told.cadvisor(MEMORY, "jumps", "exec-1", {k: GIB if k < 3 else 2.0**63 for k in ALWAYS})
    told.ksm(RESTARTS, "jumps", "exec-1", [0] * 6 + [2**31 - 1] * 6)
    told.limit("jumps", "exec-1", cpu=2, memory=4 * GIB)
    cpu = line(-4, 12, start=100, step=15)
    told.cadvisor(CPU, "wrapped", "exec-1", {**cpu, 4: 18_446_744_073.7}, cpu="total")


def _without_honor_labels(told: Exposition) -> None:
    scraped = {"namespace": "monitoring", "pod": "ksm-0", "container": "kube-state-metrics"}
    own = {
        "exported_namespace": "exported",
        "exported_pod": "exec-1",
        "exported_container": "spark-kubernetes-executor",
        "uid": "u",
    }
    for resource, value in (("cpu", 2), ("memory", 4 * GIB)):
        labels = {**scraped, **own, "resource": resource}
        told.series("kube_pod_container_resource_limits", labels, constant(ALWAYS, value))
    told.series(f"kube_pod_container_{RESTARTS}", {**scraped, **own}, [0] * 4 + [1] * 8)
    told.cadvisor(CPU, "exported", "exec-1", line(-4, 12, start=0, step=15), cpu="total")
    told.cadvisor(MEMORY, "exported", "exec-1", constant(ALWAYS, GIB))
    kubelet = {"namespace": "kube-system", "pod": "", "container": "", "id": "/a"}
    of = {**own, "exported_namespace": "kubelet-labels"}
    for cpu in ("cpu00", "cpu01"):
        told.series(
            f"container_{CPU}", {**kubelet, **of, "cpu": cpu}, line(-4, 12, start=0, step=7.5)
        )
    told.series(f"container_{MEMORY}", {**kubelet, **of}, constant(ALWAYS, GIB))


def _listed_elsewhere(told: Exposition) -> None:
    who = {"namespace": "init", "pod": "exec-1", "uid": "u", "container": "fetch"}
    init = "kube_pod_init_container_"
    told.series(f"{init}status_restarts_total", who, [0] * 4 + [1] * 8)
    killed = {**who, "reason": "OOMKilled"}
    told.series(f"{init}status_last_terminated_reason", killed, constant(range(3, 13), 1))
    told.series(f"{init}resource_limits", {**who, "resource": "cpu"}, constant(ALWAYS, 1))
    told.cadvisor(
        CPU, "init", "exec-1", line(-4, 12, start=0, step=15), container="fetch", cpu="total"
    )


def _beyond_any_bound(told: Exposition) -> None:
    # Less than eight times the limit from scrape to scrape, and five times it over the run.
    told.cadvisor(CPU, "over-limit", "exec-1", line(-4, 12, start=100, step=150), cpu="total")
    told.limit("over-limit", "exec-1", cpu=1, memory=2**63 - 4096)
    told.cadvisor(MEMORY, "over-limit", "exec-1", constant(ALWAYS, GIB))
    told.ksm(RESTARTS, "over-limit", "exec-1", [2.5] * 12)


NAMESPACES = (
    *("wavers", "replicas", "two-exporters", "first-restart", "anew", "nested", "split"),
    *("days-old", "days-old-untold", "young", "gpu-once-blank", "gpu-always-blank", "wrapped"),
    *("exported", "init", "over-limit", "three-replicas", "kubelet-labels", "not-young"),
    *("gpu-mostly-blank", "jumps", "reason-told"),
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, SourceAnswer]:
    """What the shipped queries give for every namespace."""
    content = yaml.safe_load((PROJECT / "config" / "collection.yaml").read_text())
    config = parse_collection_config(content).prometheus
    assert config is not None
    windows = [
        RunWindow(run=name, namespace=name, started_at=START, ended_at=END) for name in NAMESPACES
    ]
    blocks = back_filled(cluster(), tmp_path_factory.mktemp("history"))
    with real_prometheus(tmp_path_factory.mktemp("prometheus"), blocks) as server:
        return ask_prometheus(server, windows, config=config, now=START + timedelta(days=1))


def value(answers: Mapping[str, SourceAnswer], namespace: str, metric: str) -> float:
    return answers[namespace].measurements.values[metric]


@pytest.mark.parametrize(
    ("namespace", "core_s"),
    [
        pytest.param("wavers", 150.0, id="a fall of 0.04 s is no restart"),
        pytest.param("replicas", 150.0, id="the replica that was there all the time saw it all"),
        pytest.param("three-replicas", 150.0, id="whichever of three replicas ends"),
        pytest.param("kubelet-labels", 150.0, id="a kubelet scraped without honor_labels"),
        pytest.param("not-young", 90.0, id="a pod that says it is new, and cannot be"),
        pytest.param("jumps", 75.0, id="a counter that jumps ahead and stays there"),
        pytest.param("anew", 30.0 + 2.0 + 60.0, id="a counter that begins anew counts from zero"),
        pytest.param("nested", 150.0, id="groups of one time are one container"),
        pytest.param("split", 150.0, id="by processor, without a total"),
        pytest.param("days-old", 90.0, id="a pod of days, by its start"),
        pytest.param("days-old-untold", 90.0, id="a pod of days, by its limit"),
        pytest.param("young", 120.0, id="a pod of the run, whole"),
        pytest.param("wrapped", 150.0, id="a wrapped number"),
    ],
)
def test_cpu_time_is_what_was_used_in_the_run(
    answers: Mapping[str, SourceAnswer], namespace: str, core_s: float
) -> None:
    assert value(answers, namespace, "cpu_core_seconds") == pytest.approx(core_s, abs=0.5)


@pytest.mark.parametrize("namespace", ["days-old", "days-old-untold", "not-young"])
def test_what_was_not_seen_of_an_older_pod_makes_a_lower_bound(
    answers: Mapping[str, SourceAnswer], namespace: str
) -> None:
    measured = answers[namespace].measurements
    assert measured.values["pod_restarts"] == 0.0
    for metric in ("pod_restarts", "oom_kills", "cpu_core_seconds"):
        assert is_at_least(measured.provenance[metric]), metric


def test_a_pod_of_the_run_counts_its_restarts_whole(
    answers: Mapping[str, SourceAnswer],
) -> None:
    assert value(answers, "young", "pod_restarts") == 1.0


@pytest.mark.parametrize("namespace", ["two-exporters", "first-restart"])
def test_a_restart_that_two_exporters_saw_is_one(
    answers: Mapping[str, SourceAnswer], namespace: str
) -> None:
    assert value(answers, namespace, "pod_restarts") == 1.0


def test_nested_groups_have_the_memory_of_the_outer_one(
    answers: Mapping[str, SourceAnswer],
) -> None:
    assert value(answers, "nested", "memory_gib_seconds") == pytest.approx(600.0)


def test_a_blank_of_the_exporter_is_no_utilisation(answers: Mapping[str, SourceAnswer]) -> None:
    once, always = answers["gpu-once-blank"], answers["gpu-always-blank"]
    assert once.measurements.values["gpu_usage_pct"] == 55.0
    assert "1 impossible samples left out" in once.measurements.provenance["gpu_usage_pct"]
    assert "none that GPU usage can be" in always.measurements.missing["gpu_usage_pct"]


def test_a_mean_of_which_most_samples_are_blanks_is_missing(
    answers: Mapping[str, SourceAnswer],
) -> None:
    missing = answers["gpu-mostly-blank"].measurements.missing["gpu_usage_pct"]
    assert "33 % of the samples are possible" in missing


@pytest.mark.parametrize(
    "metric", ["cpu_core_seconds", "memory_gib_seconds", "memory_usage_pct", "pod_restarts"]
)
def test_what_rests_on_a_part_of_the_samples_is_a_lower_bound(
    answers: Mapping[str, SourceAnswer], metric: str
) -> None:
    assert is_at_least(answers["jumps"].measurements.provenance[metric])
    assert value(answers, "jumps", "pod_restarts") == 0.0
    assert "% of the samples" in answers["jumps"].measurements.missing["cpu_usage_pct"]


def test_memory_of_a_kubelet_scraped_without_honor_labels_is_understood(
    answers: Mapping[str, SourceAnswer],
) -> None:
    assert value(answers, "kubelet-labels", "memory_gib_seconds") == pytest.approx(300.0)


def test_a_wrapped_working_set_is_left_out(answers: Mapping[str, SourceAnswer]) -> None:
    assert value(answers, "wrapped", "memory_gib_seconds") == pytest.approx(300.0)


def test_labels_scraped_without_honor_labels_are_understood(
    answers: Mapping[str, SourceAnswer],
) -> None:
    measured = answers["exported"].measurements
    assert measured.values["cpu_usage_pct"] == pytest.approx(25.0)
    assert measured.values["memory_usage_pct"] == pytest.approx(25.0)
    assert measured.values["pod_restarts"] == 1.0


def test_init_containers_restart_are_killed_and_have_limits(
    answers: Mapping[str, SourceAnswer],
) -> None:
    measured = answers["init"].measurements
    assert (measured.values["pod_restarts"], measured.values["oom_kills"]) == (1.0, 1.0)
    assert measured.values["cpu_usage_pct"] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("cpu_usage_pct", "derived from cpu_core_seconds: prometheus"),
        ("cpu_core_seconds", "1500 is beyond what it can be"),
        ("memory_usage_pct", "no machine has so much"),
        ("pod_restarts", "none that a count of restarts can be"),
    ],
)
def test_what_is_beyond_any_bound_is_missing_with_the_reason(
    answers: Mapping[str, SourceAnswer], metric: str, said: str
) -> None:
    kept = merge_answers([answers["over-limit"]], metrics=shipped_metrics())
    assert said in kept.missing[metric]
    assert kept.values["memory_gib_seconds"] == pytest.approx(300.0)


@pytest.mark.parametrize(
    ("namespace", "is_bound"), [("first-restart", True), ("reason-told", False), ("young", True)]
)
def test_a_restart_of_which_nobody_told_the_reason_is_no_proof_that_nobody_was_killed(
    answers: Mapping[str, SourceAnswer], namespace: str, is_bound: bool
) -> None:
    assert value(answers, namespace, "oom_kills") == 0.0
    provenance = answers[namespace].measurements.provenance["oom_kills"]
    assert ("nobody told the reasons of 1 restarts" in provenance) is is_bound
    assert is_at_least(provenance) is is_bound
