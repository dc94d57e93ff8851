"""deploy/helm/dagster-values.yaml: only keys of the official chart, and an instance that loads.

The keys are those of the newest models of the chart's values that could be read; the chart itself
is no part of this project.
"""

import re
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest
import yaml

from lm_assets_tests.conftest import PROJECT

VALUES: dict[str, Any] = yaml.safe_load(
    (PROJECT / "deploy" / "helm" / "dagster-values.yaml").read_text(encoding="utf-8")
)
_POD = "image env envConfigMaps envSecrets labels resources podSecurityContext securityContext"
_MOUNTED = f"{_POD} volumes volumeMounts nodeSelector affinity tolerations annotations"
# By path, what the chart knows there; what is not listed is not looked into.
KEYS: Mapping[str, str] = {
    "": "global rbacEnabled telemetry migrate postgresql generatePostgresqlPasswordSecret rabbitmq "
    "redis flower dagsterWebserver dagsterDaemon dagster-user-deployments runLauncher "
    "computeLogManager retention",
    "global": "postgresqlSecretName dagsterHome serviceAccountName",
    "postgresql": "enabled postgresqlHost postgresqlUsername postgresqlDatabase postgresqlParams "
    "service",
    "dagsterWebserver": f"{_MOUNTED} replicaCount enableReadOnly pathPrefix readinessProbe",
    "dagsterDaemon": f"{_MOUNTED} enabled heartbeatTolerance runCoordinator runMonitoring "
    "runRetries sensors schedules",
    "dagsterDaemon.runCoordinator": "enabled type config",
    "dagsterDaemon.runCoordinator.config.queuedRunCoordinator": "maxConcurrentRuns "
    "tagConcurrencyLimits dequeueIntervalSeconds dequeueNumWorkers dequeueUseThreads",
    "dagsterDaemon.sensors": "useThreads numWorkers numSubmitWorkers",
    "dagsterDaemon.schedules": "useThreads numWorkers numSubmitWorkers",
    "dagster-user-deployments": "enabled enableSubchart imagePullSecrets deployments",
    "dagster-user-deployments.deployments": f"{_MOUNTED} name port dagsterApiGrpcArgs "
    "codeServerArgs includeConfigInLaunchedRuns replicaCount deploymentStrategy",
    "runLauncher": "type config",
    "runLauncher.config.k8sRunLauncher": "image imagePullPolicy jobNamespace loadInclusterConfig "
    "kubeconfigFile envConfigMaps envSecrets envVars volumes volumeMounts labels resources "
    "failPodOnRunFailure schedulerName securityContext runK8sConfig",
    "runLauncher.config.k8sRunLauncher.runK8sConfig": "containerConfig podSpecConfig "
    "podTemplateSpecMetadata jobSpecConfig jobMetadata",
    "computeLogManager": "type config",
    "computeLogManager.config.s3ComputeLogManager": "bucket prefix endpointUrl useSsl verify "
    "verifyCertPath skipEmptyFiles uploadInterval uploadExtraArgs showUrlOnly region localDir",
    "retention": "enabled schedule sensor autoMaterialize",
}


def at(path: str) -> dict[str, Any]:
    found: Any = VALUES
    for key in filter(None, path.split(".")):
        found = found[key]
        found = found[0] if isinstance(found, list) else found
    return found


def in_words_of_dagster(content: Any) -> Any:
    """Return values with their keys as dagster.yaml spells them."""
    if isinstance(content, list):
        return [in_words_of_dagster(item) for item in content]
    if not isinstance(content, dict):
        return content
    spelt = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): value for key, value in content.items()}
    # A rule of concurrency is passed on as it is.
    return {
        key: value if key == "tag_concurrency_limits" else in_words_of_dagster(value)
        for key, value in spelt.items()
    }


@pytest.mark.parametrize("path", KEYS, ids=lambda path: path or "the top")
def test_only_keys_that_the_chart_knows_are_set(path):
    assert set(at(path)) <= set(KEYS[path].split())


def test_dagster_takes_the_instance_that_the_chart_makes_of_them(tmp_path, monkeypatch):
    """All but the run launcher, which the test of the launcher starts, and the storages."""
    daemon = VALUES["dagsterDaemon"]
    coordinator, logs = daemon["runCoordinator"], VALUES["computeLogManager"]
    instance = {
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": coordinator["type"],
            "config": in_words_of_dagster(coordinator["config"]["queuedRunCoordinator"]),
        },
        "compute_logs": {
            "module": "dagster_aws.s3.compute_log_manager",
            "class": logs["type"],
            "config": in_words_of_dagster(logs["config"]["s3ComputeLogManager"]),
        },
        **{
            name: in_words_of_dagster(daemon[key])
            for name, key in (("run_monitoring", "runMonitoring"), ("run_retries", "runRetries"))
        },
        **{name: in_words_of_dagster(daemon[name]) for name in ("sensors", "schedules")},
        "telemetry": VALUES["telemetry"],
        "retention": in_words_of_dagster(
            {name: VALUES["retention"][name] for name in ("schedule", "sensor")}
        ),
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(instance))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with dg.DagsterInstance.from_config(str(tmp_path)) as loaded:
        assert loaded.run_monitoring_enabled
        assert loaded.run_retries_max_retries == 2
        assert type(loaded.run_coordinator).__name__ == "QueuedRunCoordinator"
        assert type(loaded.compute_log_manager).__name__ == "S3ComputeLogManager"


def test_the_instance_says_what_the_project_s_own_says():
    own = yaml.safe_load((PROJECT / "deploy" / "dagster" / "dagster.yaml").read_text("utf-8"))
    daemon = in_words_of_dagster(VALUES["dagsterDaemon"])
    assert daemon["run_retries"] == own["run_retries"]
    limits = own["run_coordinator"]["config"]["tag_concurrency_limits"]
    queued = daemon["run_coordinator"]["config"]["queued_run_coordinator"]
    assert queued["tag_concurrency_limits"] == limits
    logs = in_words_of_dagster(VALUES["computeLogManager"]["config"]["s3ComputeLogManager"])
    assert logs["prefix"] == own["compute_logs"]["config"]["prefix"]
