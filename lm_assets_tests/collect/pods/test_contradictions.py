"""Snapshots that contradict themselves, or say nothing of what a pod was to hold."""

import pytest

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
