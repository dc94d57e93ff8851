"""Dagster with its own Kubernetes launcher, against an API server that runs Jobs as processes.

The launcher's settings are those of deploy/helm/dagster-values.yaml, in the words of dagster.yaml.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.kubernetes_api import KubernetesApi
from lm_assets_tests.integration.killable_platform import (
    LOOKS_OFTEN,
    KillablePlatform,
    killable_platform,
)

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


@contextmanager
def own_cluster() -> Iterator[tuple[KillablePlatform, KubernetesApi]]:
    """Start the platform and the API server; what the pods' Secret holds is the environment."""
    secrets: dict[str, Mapping[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="lm-test-") as name:
        folder = Path(name)
        # As root Postgres runs as a user who must be able to pass through.
        folder.chmod(0o711)
        with KubernetesApi(folder / "kubernetes", secrets=secrets) as api:
            home = folder / "platform" / "state" / "dagster"
            instance = {**LOOKS_OFTEN, "run_launcher": _launcher(api.kubeconfig, home)}
            with killable_platform(folder / "platform", instance=instance) as platform:
                assert platform.home == home
                secrets[SECRET] = platform.environment
                yield platform, api


def _launcher(kubeconfig: Path, home: Path) -> dict[str, Any]:
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
            "env_vars": values["envVars"],
            "labels": values["labels"],
            "resources": values["resources"],
            "fail_pod_on_run_failure": values["failPodOnRunFailure"],
            "run_k8s_config": {_OF_THE_CHART[k]: v for k, v in values["runK8sConfig"].items()},
        },
    }
