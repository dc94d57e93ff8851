"""Pod snapshots: what happened during the run, by reason, and nothing that would be a guess."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lm_assets.collect.pods.objects import parse_pods
from lm_assets.collect.pods.snapshot import SnapshotWindow, StabilityKind, ask_pods

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WINDOW = SnapshotWindow(started_at=START, ended_at=START + timedelta(minutes=10))


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def died(reason: str, minutes: float, exit_code: int = 1) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": exit_code, "finishedAt": at(minutes)}}


def container(**status: Any) -> dict[str, Any]:
    return {"name": "spark", "restartCount": 0, "state": {"running": {}}, **status}


def pod(name: str = "exec-1", *containers: Any, born: float = 1, **parts: Any) -> dict[str, Any]:
    labels = {"spark-role": "executor", "spark-app-selector": "spark-1"}
    status = {"phase": "Running", "startTime": at(born), "containerStatuses": list(containers)}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": parts.pop("labels", labels)},
        "status": {**status, **parts},
    }


def snapshot(*pods: dict[str, Any]) -> bytes:
    return json.dumps({"kind": "List", "items": list(pods)}).encode()


def measured(*pods: dict[str, Any], window: SnapshotWindow = WINDOW) -> dict[str, Any]:
    answer, _ = ask_pods(snapshot(*pods), window)
    return {**answer.measurements.missing, **answer.measurements.values}


def kinds(*pods: dict[str, Any]) -> list[StabilityKind]:
    return [event.kind for event in ask_pods(snapshot(*pods), WINDOW)[1]]


def test_a_quiet_run_is_a_true_zero_without_events() -> None:
    assert measured(pod("exec-1", container())) == {"pod_restarts": 0.0, "oom_kills": 0.0}
    assert kinds(pod("exec-1", container())) == []


def test_restarts_of_pods_born_in_the_run_are_all_in_the_run() -> None:
    restarted = container(restartCount=3, lastState=died("Error", 5))
    assert measured(pod("exec-1", restarted))["pod_restarts"] == 3
    assert kinds(pod("exec-1", restarted)) == [StabilityKind.RESTART]


@pytest.mark.parametrize(
    ("count", "last_death", "restarts"),
    [(7, -30, 0), (1, -30, 0), (1, 5, 1), (1, 20, 0)],
    ids=["all before", "one before", "one within", "one after"],
)
def test_restarts_of_an_older_pod_count_if_they_fell_into_the_run(
    count: int, last_death: float, restarts: int
) -> None:
    old = container(restartCount=count, lastState=died("Error", last_death))
    assert measured(pod("exec-1", old, born=-60))["pod_restarts"] == restarts


@pytest.mark.parametrize("count", [2, 9])
def test_how_many_restarts_of_an_older_pod_fell_into_the_run_is_not_guessed(count: int) -> None:
    old = container(restartCount=count, lastState=died("Error", 5))
    reason = "pods.json: when exec-1/spark was restarted is not in a snapshot"
    assert measured(pod("exec-1", old, born=-60))["pod_restarts"] == reason


def test_restarts_without_a_known_start_of_the_run_are_not_guessed() -> None:
    restarted = container(restartCount=2, lastState=died("Error", 5))
    reason = measured(pod("exec-1", restarted), window=SnapshotWindow())["pod_restarts"]
    assert reason.endswith("is not in a snapshot")


@pytest.mark.parametrize("exit_code", [137, 1, 0])
def test_the_reason_decides_what_an_oom_kill_is_and_not_the_exit_code(exit_code: int) -> None:
    killed = container(state=died("OOMKilled", 5, exit_code))
    assert measured(pod("exec-1", killed))["oom_kills"] == 1
    assert kinds(pod("exec-1", killed)) == [StabilityKind.OOM_KILL]


def test_exit_code_137_without_the_reason_is_no_oom_kill() -> None:
    assert measured(pod("exec-1", container(state=died("Error", 5, 137))))["oom_kills"] == 0


def test_a_kill_in_each_of_the_last_two_lives_is_two() -> None:
    twice = container(restartCount=1, lastState=died("OOMKilled", 4), state=died("OOMKilled", 6))
    assert measured(pod("exec-1", twice)) == {"pod_restarts": 1.0, "oom_kills": 2.0}


def test_a_kill_before_the_run_is_not_the_runs() -> None:
    old = container(restartCount=1, lastState=died("OOMKilled", -5))
    assert measured(pod("exec-1", old, born=-60))["oom_kills"] == 0


def test_kills_are_at_least_what_is_known_where_earlier_lives_are_not() -> None:
    restarted = container(restartCount=3, lastState=died("OOMKilled", 5))
    answer, _ = ask_pods(snapshot(pod("exec-1", restarted)), WINDOW)
    assert answer.measurements.values["oom_kills"] == 1
    assert answer.measurements.provenance["oom_kills"] == (
        "pods.json (at least; the reasons of 2 earlier restarts are not in a snapshot)"
    )


def test_no_kill_is_not_claimed_where_earlier_lives_are_unknown() -> None:
    restarted = container(restartCount=3, lastState=died("Error", 5))
    assert measured(pod("exec-1", restarted))["oom_kills"] == (
        "pods.json: the reasons of 2 earlier restarts are not in a snapshot"
    )


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"reason": "Evicted", "phase": "Failed", "message": "low disk"}, StabilityKind.EVICTION),
        (
            {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "Preempted"}]},
            StabilityKind.EVICTION,
        ),
    ],
)
def test_a_pod_that_was_driven_out_is_an_eviction(
    parts: dict[str, Any], kind: StabilityKind
) -> None:
    assert kinds(pod("exec-1", container(), **parts)) == [kind]


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("CrashLoopBackOff", [StabilityKind.CRASH_LOOP]),
        ("ImagePullBackOff", [StabilityKind.IMAGE_PULL_FAILURE]),
        ("ErrImagePull", [StabilityKind.IMAGE_PULL_FAILURE]),
        ("ContainerCreating", []),
    ],
)
def test_what_a_container_waits_for_is_named(reason: str, found: list[StabilityKind]) -> None:
    waiting = container(state={"waiting": {"reason": reason, "message": "back-off"}})
    assert kinds(pod("exec-1", waiting)) == found
    in_init = pod("exec-1", container(), initContainerStatuses=[waiting])
    assert kinds(in_init) == found


def test_driver_and_executors_are_told_apart_by_label() -> None:
    killed = container(state=died("OOMKilled", 5))
    pods = [
        pod("a", killed, labels={"spark-role": "driver"}),
        pod("b", killed, labels={"spark-role": "executor"}),
        pod("c", killed, labels=None),
    ]
    _, events = ask_pods(snapshot(*pods), WINDOW)
    assert [(event.pod, event.role) for event in events] == [
        *(("a", "driver"), ("b", "executor"), ("c", "other"))
    ]
    assert events[0].at == START + timedelta(minutes=5)


def test_a_driver_alone_does_not_claim_that_its_deleted_executors_were_well() -> None:
    driver = pod("driver", container(), labels={"spark-role": "driver"})
    reason = "pods.json: 1 pods, 1 containers, all of the driver: its executors were deleted"
    assert measured(driver)["oom_kills"].startswith(reason)
    assert measured(driver, pod("exec-1", container()))["oom_kills"] == 0


def test_what_happened_is_told_in_words_too() -> None:
    killed = pod("exec-1", container(state=died("OOMKilled", 5)))
    answer, _ = ask_pods(snapshot(killed), WINDOW)
    assert answer.notes == (
        "oom_kill of executor exec-1/spark at 2026-11-22T10:05:00+00:00: exit code 1",
    )


def test_only_pods_of_the_runs_application_count() -> None:
    killed = container(state=died("OOMKilled", 5))
    other = pod("other", killed, labels={"spark-app-selector": "spark-2"})
    window = SnapshotWindow(started_at=START, app_id="spark-1")
    assert measured(pod("mine", container()), other, window=window)["oom_kills"] == 0
    reason = measured(other, window=window)["oom_kills"]
    assert reason == "pods.json: none of 1 pods belongs to spark-1"


def test_a_pod_listed_twice_is_one() -> None:
    killed = pod("exec-1", container(state=died("OOMKilled", 5)))
    assert measured(killed, killed)["oom_kills"] == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "pods_unreadable"),
        (b"No resources found", "pods_unreadable"),
        (b'{"kind":"List"}', "pods_unreadable"),
        (b'{"items":[{"metadata":{"name":3}}]}', "pods_unreadable"),
        (b'{"items":[' + b"[" * 99_999, "pods_unreadable"),
        (b"\xff\xfe", "pods_unreadable"),
        (b'{"items":[]}', "no pod in it"),
        (snapshot(pod("exec-1")), "1 pods, 0 containers with a status"),
    ],
)
def test_a_snapshot_that_tells_nothing_makes_the_metrics_missing(
    content: bytes, reason: str
) -> None:
    answer, events = ask_pods(content, WINDOW)
    assert answer.measurements.values == {}
    assert events == ()
    for text in answer.measurements.missing.values():
        assert text.startswith(f"pods.json: {reason}")


@pytest.mark.external_data
def test_a_real_snapshot_has_its_two_restarts(shared_data: Path) -> None:
    content = (shared_data / "kubernetes" / "kubelet_pods.json").read_bytes()
    window = SnapshotWindow(
        started_at=datetime(2026, 6, 26, 10, 12, tzinfo=UTC),
        ended_at=datetime(2026, 6, 26, 10, 20, tzinfo=UTC),
    )
    assert len(parse_pods(content)) == 24
    answer, events = ask_pods(content, window)
    assert answer.measurements.values["pod_restarts"] == 2
    assert [(e.kind, e.pod) for e in events] == [(StabilityKind.RESTART, "e2e-container-creating")]
    # One of its two restarts happened before the last life but one: nobody can tell why.
    assert answer.measurements.missing["oom_kills"] == (
        "pods.json: the reasons of 1 earlier restarts are not in a snapshot"
    )


def running_since(minutes: float) -> dict[str, Any]:
    return {"state": {"running": {"startedAt": at(minutes)}}}


OOM_EARLY = {"lastState": died("OOMKilled", 2, 137), "restartCount": 1}


class TestContainersThatAreListedElsewhere:
    @pytest.mark.parametrize("where", ["initContainerStatuses", "ephemeralContainerStatuses"])
    def test_restart_and_are_killed_as_any(self, where: str) -> None:
        sidecar = {**container(**OOM_EARLY), "name": "fetch-jars"}
        found = measured(pod("exec-1", container(), **{where: [sidecar]}))
        assert found == {"pod_restarts": 1.0, "oom_kills": 1.0}

    def test_say_when_they_cannot_be_told(self) -> None:
        old = {**container(restartCount=4, lastState=died("Error", 3)), "name": "sidecar"}
        found = measured(pod("exec-1", container(), born=-60, initContainerStatuses=[old]))
        assert "exec-1/sidecar" in found["pod_restarts"]


class TestTheStartOfTheLastLife:
    def test_before_the_run_leaves_no_restart_in_it(self) -> None:
        sidecar = container(restartCount=257, lastState={}, **running_since(-30))
        found = measured(pod("exec-1", container(), sidecar, born=-600))
        assert found == {"pod_restarts": 0.0, "oom_kills": 0.0}

    def test_of_one_that_ended_counts_too(self) -> None:
        ended = {"terminated": {"reason": "Completed", "exitCode": 0, "startedAt": at(-5)}}
        found = measured(pod("exec-1", container(restartCount=9, state=ended), born=-600))
        assert found == {"pod_restarts": 0.0, "oom_kills": 0.0}

    def test_and_of_the_one_before_leave_one_restart(self) -> None:
        last = died("OOMKilled", 5, 137)
        last["terminated"]["startedAt"] = at(-5)
        once = container(restartCount=12, lastState=last, **running_since(5.1))
        found = measured(pod("exec-1", once, born=-600))
        assert found == {"pod_restarts": 1.0, "oom_kills": 1.0}


class TestPodsOfSeveralApplications:
    def test_are_nobodys_where_the_run_names_none(self) -> None:
        labels = {"spark-role": "executor", "spark-app-selector": "spark-2"}
        pods = [pod("exec-1", container()), pod("exec-2", container(**OOM_EARLY), labels=labels)]
        found = measured(*pods)
        assert found["oom_kills"] == (
            "pods.json: pods of 2 applications (spark-1, spark-2), and the run names none"
        )

    def test_are_told_apart_by_the_runs_own(self) -> None:
        labels = {"spark-role": "executor", "spark-app-selector": "spark-2"}
        pods = [pod("exec-1", container()), pod("exec-2", container(**OOM_EARLY), labels=labels)]
        window = SnapshotWindow(started_at=START, ended_at=WINDOW.ended_at, app_id="spark-1")
        assert measured(*pods, window=window)["oom_kills"] == 0.0


def test_the_nodes_are_those_of_the_executors() -> None:
    driver = {"spark-role": "driver", "spark-app-selector": "spark-1"}
    pods = [
        {**pod("driver", container(), labels=driver), "spec": {"nodeName": "control-1"}},
        {**pod("exec-1", container()), "spec": {"nodeName": "worker-2"}},
        {**pod("exec-2", container()), "spec": {"nodeName": "worker-1"}},
        pod("exec-3", container()),
    ]
    assert ask_pods(snapshot(*pods), WINDOW)[0].nodes == ("worker-1", "worker-2")
    assert ask_pods(snapshot(pods[0]), WINDOW)[0].nodes == ("control-1",)
