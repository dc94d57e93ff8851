"""The Helm chart of the project: linted, rendered, checked object by object; no cluster needed."""

import json
import subprocess
from functools import cache
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from lm_assets.cli.main import lm
from lm_assets_tests.conftest import PROJECT

CHART = PROJECT / "deploy" / "helm" / "lm-assets"
EVERYTHING: dict[str, Any] = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "monitoring"}},
    "dashboards": {"enabled": True},
    "podReader": {"enabled": True, "serviceAccounts": ["load-runner"]},
    "config": {"existingConfigMap": "our-matrix"},
    "imagePullSecrets": [{"name": "registry"}],
}
# Of the Prometheus operator: their schemas are no part of Kubernetes.
OF_THE_OPERATOR = {"ServiceMonitor", "PrometheusRule"}
KUBERNETES_VERSIONS = ("1.27", "1.37")


@cache
def rendered(everything: bool) -> tuple[dict[str, Any], ...]:
    chart = helm_python.Chart.load(CHART)
    values = EVERYTHING if everything else {}
    files = chart.render(values, name="nightly", namespace="load-tests")
    documents = (d for name, text in files.items() if name.endswith(".yaml") for d in _parsed(text))
    return tuple(document for document in documents if document)


def _parsed(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def of_kind(kind: str, *, everything: bool = True) -> list[dict[str, Any]]:
    return [document for document in rendered(everything) if document["kind"] == kind]


def pod_specs() -> list[dict[str, Any]]:
    workloads = [*of_kind("Deployment"), *of_kind("Job")]
    assert len(workloads) == 2
    return [workload["spec"]["template"]["spec"] for workload in workloads]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["as shipped", "everything on"])
def test_lint_has_nothing_to_say(values):
    report = helm_python.lint(CHART, values, strict=True)
    assert [m for m in report["messages"] if m["severity"] >= 2] == []
    assert report["errors"] == []


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("everything", [False, True], ids=["as shipped", "everything on"])
def test_every_object_is_one_that_kubernetes_knows(everything, version):
    checked = [d for d in rendered(everything) if d["kind"] not in OF_THE_OPERATOR]
    assert len(checked) >= 4
    for document in checked:
        kubernetes_validate.validate(document, version, strict=True)


def test_a_misspelt_field_would_be_found():
    (deployment,) = of_kind("Deployment")
    wrong = json.loads(json.dumps(deployment))
    wrong["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES_VERSIONS[-1], strict=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"exporter": {"port": "9464"}}, "port"),
        ({"exporter": {"existingSecret": ""}}, "existingSecret"),
        ({"exportr": {}}, "exportr"),
        ({"serviceMonitor": {"interval": "often"}}, "interval"),
    ],
    ids=["a port as text", "no secret", "a misspelt key", "an interval in words"],
)
def test_values_that_cannot_be_meant_are_refused_with_their_key(values, said):
    with pytest.raises(helm_python.HelmError, match=said):
        helm_python.Chart.load(CHART).validate_schema(values)


def test_no_pod_is_root_or_has_a_token_or_can_write():
    for spec in pod_specs():
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_secrets_are_named_and_never_written():
    assert of_kind("Secret") == []
    for spec in pod_specs():
        for container in spec["containers"]:
            assert container["envFrom"][0]["secretRef"]["name"].startswith("lm-assets")
            assert "env" not in container


def test_each_command_of_ours_exists():
    for spec in pod_specs():
        for container in spec["containers"]:
            arguments = container["args"]
            name = arguments[arguments.index("lm") + 1]
            command = lm.get_command(None, name)
            assert command is not None, name
            options = {option for p in command.params for option in p.opts}
            after = arguments[arguments.index("lm") + 2 :]
            assert {a for a in after if a.startswith("--")} <= options


def test_dagsters_tables_are_prepared_too():
    """The official chart's Job for them is off: dagster-values.yaml says why."""
    (job,) = of_kind("Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["lm", "prepare"], "with the image's own DAGSTER_HOME"


def test_every_port_can_be_applied_server_side():
    """An API server may know no default for the protocol, which is part of a port's identity."""
    (service,), (deployment,) = of_kind("Service"), of_kind("Deployment")
    containers = deployment["spec"]["template"]["spec"]["containers"]
    ports = [*service["spec"]["ports"], *(port for c in containers for port in c["ports"])]
    assert len(ports) == 2
    assert {port.get("protocol") for port in ports} == {"TCP"}


def test_reading_pods_is_all_that_the_role_allows():
    (role,) = of_kind("Role")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert {r for rule in role["rules"] for r in rule["resources"]} == {"pods", "events"}
    assert of_kind("Role", everything=False) == [], "nobody gets it unasked"


def test_the_service_monitor_asks_the_port_of_the_service_by_its_name():
    (monitor,), (service,) = of_kind("ServiceMonitor"), of_kind("Service")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    assert wanted <= service["metadata"]["labels"].items()
    (deployment,) = of_kind("Deployment")
    pods = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= pods.items()
    prometheus = yaml.safe_load((PROJECT / "prometheus" / "prometheus.yml").read_text())
    (relabeling,) = endpoint["relabelings"]
    assert relabeling["replacement"] in {job["job_name"] for job in prometheus["scrape_configs"]}
    assert endpoint["interval"] == prometheus["global"]["scrape_interval"]


def test_the_rules_are_those_of_the_project_and_prometheus_takes_them(tmp_path):
    (rule,) = of_kind("PrometheusRule")
    files = sorted((PROJECT / "prometheus" / "rules").glob("*.yml"))
    groups = [g for file in files for g in yaml.safe_load(file.read_text())["groups"]]
    assert rule["spec"]["groups"] == groups
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(rule["spec"]))
    checked = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_dashboard_is_a_config_map_that_can_be_applied():
    maps = of_kind("ConfigMap")
    files = sorted((PROJECT / "grafana" / "dashboards").glob("*.json"))
    assert len(maps) == len(files) > 0
    for config_map, file in zip(maps, files, strict=True):
        ((name, content),) = config_map["data"].items()
        assert name == file.name
        assert json.loads(content) == json.loads(file.read_text(encoding="utf-8"))
        assert len(json.dumps(config_map).encode()) < 262_144
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_network_lets_in_prometheus_alone():
    (policy,) = of_kind("NetworkPolicy", everything=False)
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    ((source,),) = [rule["from"] for rule in policy["spec"]["ingress"]]
    label = source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert label == "monitoring"
