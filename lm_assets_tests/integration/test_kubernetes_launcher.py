"""A Job a campaign: Dagster's own launcher against an API server that runs Jobs as processes.

The launcher's settings are those of deploy/helm/dagster-values.yaml, in the words of dagster.yaml.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.kubernetes_api import KubernetesApi, RunningJob
from lm_assets_tests.integration.fault_trials import CAMPAIGN
from lm_assets_tests.integration.killable_platform import (
    KillablePlatform,
    killable_platform,
    waited_for,
)
from lm_assets_tests.integration.test_platform_faults import OTHER, Campaign

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

IMAGE = "lm-assets:0.1.0"
NAMESPACE = "load-tests"
SECRET = "lm-assets"
_OF_THE_CHART = {
    "containerConfig": "container_config",
    "podSpecConfig": "pod_spec_config",
    "podTemplateSpecMetadata": "pod_template_spec_metadata",
    "jobSpecConfig": "job_spec_config",
}


def launcher_values() -> dict[str, Any]:
    text = (PROJECT / "deploy" / "helm" / "dagster-values.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["runLauncher"]["config"]["k8sRunLauncher"]


def launcher(kubeconfig: Path, home: Path) -> dict[str, Any]:
    values = launcher_values()
    return {
        "module": "dagster_k8s",
        "class": "K8sRunLauncher",
        "config": {
            "load_incluster_config": False,
            "kubeconfig_file": str(kubeconfig),
            "service_account_name": "dagster",
            "instance_config_map": "dagster-instance",
            "dagster_home": str(home),
            "job_namespace": NAMESPACE,
            "job_image": IMAGE,
            "image_pull_policy": values["imagePullPolicy"],
            "env_secrets": [secret["name"] for secret in values["envSecrets"]],
            "labels": values["labels"],
            "resources": values["resources"],
            "fail_pod_on_run_failure": values["failPodOnRunFailure"],
            "run_k8s_config": {_OF_THE_CHART[k]: v for k, v in values["runK8sConfig"].items()},
        },
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[KillablePlatform, KubernetesApi]]:
    secrets: dict[str, Mapping[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="lm-test-") as name:
        folder = Path(name)
        # As root Postgres runs as a user who must be able to pass through.
        folder.chmod(0o711)
        with KubernetesApi(folder / "kubernetes", secrets=secrets) as api:
            home = folder / "platform" / "state" / "dagster"
            instance = {
                "run_launcher": launcher(api.kubeconfig, home),
                "run_monitoring": {
                    "enabled": True,
                    "poll_interval_seconds": 2,
                    "start_timeout_seconds": 300,
                    "max_resume_run_attempts": 0,
                },
            }
            with killable_platform(folder / "platform", instance=instance) as platform:
                assert platform.home == home
                secrets[SECRET] = platform.environment
                yield platform, api


@pytest.fixture(scope="module")
def campaigns(cluster) -> tuple[Campaign, Campaign]:
    platform, _ = cluster
    both = Campaign(platform, CAMPAIGN), Campaign(platform, OTHER)
    for campaign in both:
        campaign.runs.withdraw()
    platform.start_daemon()
    return both


def job_of(api: KubernetesApi, platform: KillablePlatform, campaign: Campaign) -> RunningJob:
    """Wait for the Job of the newest run of a campaign's delivery."""

    def found() -> RunningJob | None:
        for run in platform.runs(campaign.name, since=campaign.since):
            return api.jobs.get(f"dagster-run-{run.run_id}")
        return None

    return waited_for(found, f"a Job of {campaign.name}")


def test_a_landed_campaign_is_judged_by_a_job_of_ours(cluster, campaigns):
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


def test_no_secret_stands_in_the_job(cluster, campaigns):
    platform, api = cluster
    said = json.dumps([job.body for job in api.jobs.values()])
    for name in ("AWS_SECRET_ACCESS_KEY", "LM_POSTGRES_URL", "LM_DAGSTER_POSTGRES_URL"):
        assert platform.environment[name] not in said, name


def test_a_killed_job_is_noticed_by_monitoring_and_the_run_repeated(cluster, campaigns):
    platform, api = cluster
    campaign = campaigns[0]
    campaign.deliver()
    platform_run = waited_for(
        lambda: next(
            (
                run
                for run in platform.runs(campaign.name, since=campaign.since)
                if run.status is dg.DagsterRunStatus.STARTED
            ),
            None,
        ),
        "a run that has started",
    )
    api.jobs[f"dagster-run-{platform_run.run_id}"].kill()
    ended = campaign.ends_right()
    assert ended == ["SUCCESS", "FAILURE"]


def test_two_campaigns_at_once_are_two_jobs(cluster, campaigns):
    platform, api = cluster
    for campaign in campaigns:
        campaign.deliver()
    for campaign in campaigns:
        assert campaign.ends_right() == ["SUCCESS"]
    jobs = {job_of(api, platform, campaign).body["metadata"]["name"] for campaign in campaigns}
    assert len(jobs) == 2


def test_a_server_that_is_away_fails_the_run_in_plain_words_and_it_is_repeated(cluster, campaigns):
    platform, api = cluster
    campaign = campaigns[1]
    api.is_away = True
    try:
        campaign.deliver()
        failed = waited_for(
            lambda: next(
                (
                    run
                    for run in platform.runs(campaign.name, since=campaign.since)
                    if run.status is dg.DagsterRunStatus.FAILURE
                ),
                None,
            ),
            "a run that could not be started",
        )
    finally:
        api.is_away = False
    said = " ".join(str(entry.dagster_event) for entry in platform.instance.all_logs(failed.run_id))
    assert "503" in said
    assert "the server is away" in said
    assert campaign.ends_right()[0] == "SUCCESS"
