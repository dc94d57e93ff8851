"""A Job a campaign: Dagster's own launcher against an API server that runs Jobs as processes."""

import json
from collections.abc import Iterator

import dagster as dg
import pytest

from lm_assets_tests.fakes.kubernetes_api import KubernetesApi, RunningJob
from lm_assets_tests.integration.fault_trials import CAMPAIGN
from lm_assets_tests.integration.killable_platform import KillablePlatform, waited_for
from lm_assets_tests.integration.own_cluster import (
    IMAGE,
    NAMESPACE,
    SECRET,
    launcher_values,
    own_cluster,
)
from lm_assets_tests.integration.test_platform_faults import OTHER, Campaign

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[KillablePlatform, KubernetesApi]]:
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def campaigns(cluster) -> tuple[Campaign, Campaign]:
    platform, _ = cluster
    both = Campaign(platform, CAMPAIGN), Campaign(platform, OTHER, contents=1)
    platform.start_daemon()
    return both


def job_of(api: KubernetesApi, platform: KillablePlatform, campaign: Campaign) -> RunningJob:
    """Wait for the Job of the newest run of a campaign's delivery."""

    def found() -> RunningJob | None:
        for run in platform.runs(campaign.name, since=campaign.since):
            return api.jobs.get(f"dagster-run-{run.run_id}")
        return None

    return waited_for(found, f"a Job of {campaign.name}")


def test_a_landed_campaign_is_judged_by_a_job_of_ours_in_which_no_secret_stands(cluster, campaigns):
    platform, api = cluster
    campaign = campaigns[0]
    campaign.deliver()
    assert campaign.ends_right() == ["SUCCESS"]
    job = job_of(api, platform, campaign)
    spec, container = job.body["spec"], job.container
    assert job.body["metadata"]["namespace"] == NAMESPACE
    assert container["image"] == IMAGE
    assert container["args"][:3] == ["dagster", "api", "execute_run"]
    assert container["resources"] == launcher_values()["resources"]
    assert {"secretRef": {"name": SECRET}} in container["envFrom"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    pod = spec["template"]
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == "lm-assets"
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 3600)
    assert waited_for(lambda: job.process.poll() is not None or None, "the end of the Job")
    assert job.process.returncode == 0
    for name in ("AWS_SECRET_ACCESS_KEY", "LM_POSTGRES_URL", "LM_DAGSTER_POSTGRES_URL"):
        assert platform.environment[name] not in json.dumps(job.body), name


def test_of_two_at_once_a_killed_job_and_one_that_could_not_be_made_are_repeated(
    cluster, campaigns
):
    """Run monitoring notices the first; of the second it is said in plain words what was away."""
    platform, api = cluster
    killed, refused = campaigns
    api.is_away = True
    try:
        refused.deliver()
        failed = run_in(platform, refused, dg.DagsterRunStatus.FAILURE)
    finally:
        api.is_away = False
    killed.deliver()
    started = run_in(platform, killed, dg.DagsterRunStatus.STARTED)
    api.jobs[f"dagster-run-{started.run_id}"].kill()
    said = " ".join(str(entry.dagster_event) for entry in platform.instance.all_logs(failed.run_id))
    assert "503" in said
    assert "the server is away" in said
    assert killed.ends_right() == ["SUCCESS", "FAILURE"]
    assert refused.ends_right()[0] == "SUCCESS"
    jobs = {job_of(api, platform, campaign).body["metadata"]["name"] for campaign in campaigns}
    assert len(jobs) == 2


def run_in(
    platform: KillablePlatform, campaign: Campaign, status: dg.DagsterRunStatus
) -> dg.DagsterRun:
    """Wait until a run of a campaign's delivery has a status; return it."""

    def found() -> dg.DagsterRun | None:
        runs = platform.runs(campaign.name, since=campaign.since)
        return next((run for run in runs if run.status is status), None)

    return waited_for(found, f"a run of {campaign.name} that is {status.value}")
