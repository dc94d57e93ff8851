"""deploy/helm/dagster-values.yaml: only keys of the official chart, and an instance that loads.

The chart (helm/dagster of dagster-io/dagster; its version is Dagster's) is no part of this project.
What is held here are the facts of its templates and of the models of its values, the newest of each
that could be read, up to commit 068394ffa6: what it makes of these values was rendered with them.
"""

import re
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_k8s.container_context import K8sContainerContext

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
    "dagsterWebserver": f"{_MOUNTED} replicaCount enableReadOnly pathPrefix readinessProbe service",
    "dagsterWebserver.service": "type port annotations",
    "dagsterWebserver.readinessProbe": "httpGet periodSeconds timeoutSeconds successThreshold "
    "failureThreshold",
    "dagsterDaemon.runMonitoring": "enabled startTimeoutSeconds cancelTimeoutSeconds "
    "maxRuntimeSeconds pollIntervalSeconds maxResumeRunAttempts freeSlotsAfterRunEndSeconds",
    "dagsterDaemon.runRetries": "enabled maxRetries retryOnAssetOrOpFailure",
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
    for name in ("AWS_REGION", "LM_S3_BUCKET", "LM_S3_ENDPOINT"):
        monkeypatch.setenv(name, "http://of-the-secret")
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
    assert (
        daemon["run_monitoring"]["max_runtime_seconds"]
        == (own["run_monitoring"]["max_runtime_seconds"])
    )
    logs = in_words_of_dagster(VALUES["computeLogManager"]["config"]["s3ComputeLogManager"])
    assert logs == own["compute_logs"]["config"]


def context_of_the_code_server(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return what the chart's code server tells the launcher of runs, before all that it says."""
    if not deployment["includeConfigInLaunchedRuns"]["enabled"]:
        return {}
    told = {
        "env_secrets": [secret["name"] for secret in deployment["envSecrets"]],
        "volume_mounts": deployment["volumeMounts"],
        "volumes": deployment["volumes"],
        "resources": deployment["resources"],
        "service_account_name": "dagster-dagster-user-deployments-user-deployments",
        "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
    }
    return {"k8s": told}


def test_a_run_has_the_launchers_memory_and_no_token_beside_what_the_code_server_says():
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    of_the_launcher = {
        "resources": launcher["resources"],
        "run_k8s_config": {"pod_spec_config": launcher["runK8sConfig"]["podSpecConfig"]},
    }
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    context = K8sContainerContext.create_from_config({"k8s": of_the_launcher}).merge(
        K8sContainerContext.create_from_config(context_of_the_code_server(deployment))
    )
    run = context.run_k8s_config
    assert run.container_config["resources"] == launcher["resources"]
    assert run.pod_spec_config["automount_service_account_token"] is False


def test_runs_have_the_environment_of_the_code_server():
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    told = [f"{variable['name']}={variable['value']}" for variable in deployment["env"]]
    assert launcher["envVars"] == told == ["LM_EXECUTOR=kubernetes"]
    assert VALUES["dagsterDaemon"]["env"] == deployment["env"], "lm doctor is asked in its pod"
    assert launcher["envSecrets"] == deployment["envSecrets"]


def test_the_web_server_may_listen_on_its_port():
    """The chart makes the process listen on the Service's port; nobody but root may below 1024."""
    web_server = VALUES["dagsterWebserver"]
    port = web_server["service"]["port"]
    assert web_server["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert port >= 1024
    assert web_server["readinessProbe"]["httpGet"]["port"] == port


def test_nothing_of_the_chart_stands_in_the_way_of_an_upgrade():
    """Its Job for Dagster's tables has one name for every version, and no Job can be changed."""
    assert VALUES["migrate"] == {"enabled": False}
