"""Snapshots that contradict themselves, or say nothing of what a pod was to hold."""

import json

import pytest

from lm_assets.collect.pods import repair
from lm_assets.collect.pods.objects import parse_pods
from lm_assets.collect.pods.snapshot import StabilityKind
from lm_assets_tests.collect.pods.test_snapshot import container, died, kinds, measured, pod

SIDECAR = {"name": "proxy", "restartPolicy": "Always"}
OOM = died("OOMKilled", 5, 137)
PLAIN = {"pod_restarts": 0.0, "oom_kills": 0.0}


def specified(found, where="containers", *more):
    spec = {"containers": [{"name": "spark"}]}
    return {**found, "spec": {**spec, where: [*spec.get(where, []), *more]}}


class TestAContainerWithoutAStatus:
    @pytest.mark.parametrize("where", ["initContainers", "containers", "ephemeralContainers"])
    @pytest.mark.parametrize("metric", ["pod_restarts", "oom_kills"])
    def test_is_no_zero(self, where, metric):
        found = measured(specified(pod("exec-1", container()), where, SIDECAR))
        said = "pods.json: 1 containers of the spec have no status: exec-1/proxy"
        assert found[metric] == said

    def test_leaves_kills_of_others_a_lower_bound(self):
        killed = pod("exec-1", container(restartCount=1, lastState=OOM))
        found = measured(specified(killed, "initContainers", SIDECAR))
        assert found["oom_kills"] == 1.0
        assert "no status" in found["pod_restarts"]

    def test_with_one_is_counted(self):
        status = [{"name": "proxy", "restartCount": 0, "state": {"running": {}}}]
        told = pod("exec-1", container(), initContainerStatuses=status)
        assert measured(specified(told, "initContainers", SIDECAR)) == PLAIN

    def test_of_a_pod_that_never_left_the_queue_has_not_restarted(self):
        waiting = pod("exec-2", phase="Pending")
        assert measured(pod("exec-1", container()), specified(waiting)) == PLAIN

    def test_of_a_pod_that_ran_is_not_known(self):
        silent = specified(pod("exec-2", phase="Failed"))
        assert "exec-2/spark" in measured(pod("exec-1", container()), silent)["pod_restarts"]


class TestAnEarlierLifeWithoutARestart:
    once = pod("exec-1", container(restartCount=0, lastState=OOM))

    def test_is_no_plain_figure(self):
        found = measured(self.once)
        said = "an earlier life ended, and the restart count is 0: exec-1/spark"
        assert found["pod_restarts"] == f"pods.json: {said}"
        assert found["oom_kills"] == 1.0
        assert kinds(self.once) == [StabilityKind.OOM_KILL]

    def test_of_any_other_end_leaves_the_kills_unknown_too(self):
        found = measured(pod("exec-1", container(restartCount=0, lastState=died("Error", 5))))
        assert "restart count is 0" in found["pod_restarts"]
        assert "restart count is 0" in found["oom_kills"]

    def test_that_ended_before_the_run_changes_nothing_in_it(self):
        old = container(restartCount=0, lastState=died("OOMKilled", -30, 137))
        assert measured(pod("exec-1", old, born=-60)) == PLAIN


@pytest.mark.parametrize("count", [1, 1.0])
def test_a_count_is_the_same_however_it_is_spelt(count):
    end = died("OOMKilled", 5, 137 * count)
    found = measured(pod("exec-1", container(restartCount=count, lastState=end)))
    assert found == {"pod_restarts": 1.0, "oom_kills": 1.0}


def test_half_a_restart_is_refused_by_name():
    found = measured(pod("exec-1", container(restartCount=0.5)))
    assert "restartCount" in found["pod_restarts"]


class TestAPodThatStandsTwice:
    restarted = pod("exec-1", container(restartCount=1, lastState=OOM))
    before = pod("exec-1", container())

    @pytest.mark.parametrize("turned", [False, True], ids=["later last", "later first"])
    def test_and_not_alike_is_no_plain_figure(self, turned):
        two = [self.before, self.restarted]
        found = measured(*(reversed(two) if turned else two))
        assert found["pod_restarts"] == "pods.json: 1 pods stand twice in it, and not alike: exec-1"
        assert found["oom_kills"] == 1.0

    def test_and_alike_counts_once(self):
        assert measured(self.restarted, self.restarted)["pod_restarts"] == 1.0


class TestAnOddFieldThatNoCountNeeds:
    """It costs itself, and neither its pod nor the snapshot."""

    @pytest.mark.parametrize(
        "change",
        [
            {"spec": {"nodeName": 5}},
            {"metadata": {"name": "exec-1", "labels": {"spark-role": "executor", "team": 5}}},
        ],
        ids=["node", "label"],
    )
    def test_of_a_pod(self, change):
        assert measured({**pod("exec-1", container()), **change}) == PLAIN

    @pytest.mark.parametrize("change", [{"message": 5}, {"conditions": "x"}, {"startTime": "soon"}])
    def test_of_its_status(self, change):
        assert measured(pod("exec-1", container(), **change)) == PLAIN

    def test_of_a_killed_container(self):
        killed = {"terminated": {**OOM["terminated"], "exitCode": "137"}}
        found = measured(pod("exec-1", container(restartCount=1, lastState=killed)))
        assert found == {"pod_restarts": 1.0, "oom_kills": 1.0}

    def test_that_says_when_leaves_the_time_unknown(self):
        killed = {"terminated": {**OOM["terminated"], "finishedAt": "later"}}
        found = measured(pod("exec-1", container(restartCount=1, lastState=killed)))
        assert "when exec-1/spark was restarted" in found["pod_restarts"]

    @pytest.mark.parametrize("count", [-1, "1", 2**63, 1.5])
    def test_is_not_the_count_itself(self, count):
        found = measured(pod("exec-1", container(restartCount=count)))
        assert "pods_unreadable" in found["pod_restarts"]
        assert "pods_unreadable" in found["oom_kills"]

    def test_of_many_among_more_is_looked_for_in_each_pod_alone(self, monkeypatch):
        tried = []
        fault_of = repair._fault_of
        monkeypatch.setattr(
            repair, "_fault_of", lambda item, kind: (tried.append(item), fault_of(item, kind))[1]
        )
        whole = [pod(f"exec-{number}", container()) for number in range(2_000)]
        odd = [pod(f"odd-{number}", container(), message=5) for number in range(900)]
        content = json.dumps({"items": [*whole, *odd]}).encode()
        assert len(parse_pods(content)) == 2_900
        assert len(tried) == 2_000 + 2 * 900
