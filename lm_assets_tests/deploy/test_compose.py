"""deploy/compose.yaml names only what is there, shows nothing to the network, has no secret."""

import re
import subprocess

import pytest
import yaml

from lm_assets.cli.main import lm
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.deploy.compose_file import (
    DEPLOY,
    UnsetVariableError,
    compose,
    example_variables,
    filled,
    services,
    variables_used,
)

SECRETS = {name: f"{name.lower()}-0123" for name, value in example_variables().items() if not value}
OWN = [name for name, service in services().items() if "LM_IMAGE" in service["image"]]
EVERY = sorted(services())
VARIABLE_OF_THE_CODE = re.compile(r"\b(?:LM|AWS|DAGSTER)_[A-Z0-9_]+\b")


def names_in_the_code() -> set[str]:
    files = [*(PROJECT / "lm_assets").rglob("*.py"), PROJECT / "dagster.yaml"]
    files += (DEPLOY / "dagster").glob("*.yaml")
    return {n for f in files for n in VARIABLE_OF_THE_CODE.findall(f.read_text(encoding="utf-8"))}


def test_the_programs_own_services_are_there():
    assert {"prepare", "code-server", "webserver", "daemon", "exporter"} == set(OWN)
    others = {"postgres", "s3", "prometheus", "alertmanager", "grafana"}
    assert set(EVERY) - set(OWN) == others


def test_every_variable_is_in_the_example_and_no_other():
    images = {name for name in variables_used() if name.endswith("_IMAGE")} - {"LM_IMAGE"}
    assert set(variables_used()) - images == set(example_variables()) - {"COMPOSE_PROJECT_NAME"}


def test_no_secret_has_a_default():
    required = {name for name, is_required in variables_used().items() if is_required}
    secret = {n for n in variables_used() if re.search(r"PASSWORD|SECRET_ACCESS|ACCESS_KEY_ID", n)}
    assert secret == required
    assert all(example_variables()[name] == "" for name in required)
    for name in sorted(required):
        with pytest.raises(UnsetVariableError, match=name):
            filled(compose(), {**SECRETS, name: ""})


@pytest.mark.parametrize("service", EVERY)
def test_ports_are_open_on_this_machine_alone(service):
    for port in services()[service].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


def test_no_two_services_want_the_same_port():
    ports = [port.split(":")[1] for s in services().values() for port in s.get("ports", [])]
    assert len(ports) == len(set(ports))


@pytest.mark.parametrize("service", EVERY)
def test_a_service_has_a_limit_of_memory_and_a_way_to_tell_that_it_is_well(service):
    assert re.fullmatch(r"\d+[mg]", services()[service]["mem_limit"])
    check = services()[service]["healthcheck"]
    if service == "prepare":
        assert check == {"disable": True}, "it ends by itself"
    else:
        assert check["test"][0] == "CMD"


@pytest.mark.parametrize("service", EVERY)
def test_what_is_waited_for_is_there_and_can_be_waited_for(service):
    wanted = services()[service].get("depends_on", {})
    for name, how in wanted.items():
        if how["condition"] == "service_healthy":
            assert "test" in services()[name]["healthcheck"]
        elif how["condition"] == "service_completed_successfully":
            assert services()[name]["restart"] == "no"


@pytest.mark.parametrize("service", EVERY)
def test_every_file_that_is_mounted_exists_and_is_read_only(service):
    for mount in services()[service].get("volumes", []):
        source, _, rest = mount.partition(":")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert rest.endswith(":ro"), mount
        else:
            assert source in compose()["volumes"], source


@pytest.mark.parametrize("service", OWN)
def test_the_platforms_own_processes_cannot_do_more_than_they_need(service):
    its = services()[service]
    assert its["read_only"] is True
    assert its["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in its["security_opt"]
    assert "user" not in its, "the image's own"


@pytest.mark.parametrize("service", OWN)
def test_every_variable_that_is_set_is_one_that_the_code_reads(service):
    assert set(services()[service]["environment"]) <= names_in_the_code()


def test_the_exporter_has_the_readers_password_and_no_keys_of_the_bucket():
    given = services()["exporter"]["environment"]
    assert "lm_dashboards" in given["LM_POSTGRES_URL"]
    assert not [name for name in given if name.startswith("AWS_")]


def test_grafana_is_given_what_its_provisioning_asks_for():
    files = (PROJECT / "grafana" / "provisioning").rglob("*.y*ml")
    asked = {n for f in files for n in re.findall(r"\$\{(\w+)\}", f.read_text(encoding="utf-8"))}
    given = set(services()["grafana"]["environment"])
    assert asked == {name for name in given if name.startswith("LM_")}


def test_grafana_finds_the_dashboards_where_its_provisioning_looks():
    (provider,) = (PROJECT / "grafana" / "provisioning" / "dashboards").glob("*.y*ml")
    path = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"][0]["options"]["path"]
    assert f"../grafana/dashboards:{path}:ro" in services()["grafana"]["volumes"]


@pytest.mark.parametrize(
    "service", [name for name in OWN if services()[name]["command"][0] == "lm"]
)
def test_each_command_of_ours_exists_with_its_options(service):
    _, name, *arguments = services()[service]["command"]
    command = lm.get_command(None, name)
    assert command is not None
    options = {option for p in command.params for option in p.opts}
    assert {a for a in arguments if a.startswith("--")} <= options


def test_the_containers_instance_is_the_projects_with_the_output_of_runs_in_the_bucket():
    ours = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    theirs = yaml.safe_load((DEPLOY / "dagster" / "dagster.yaml").read_text(encoding="utf-8"))
    kept = theirs.pop("compute_logs")
    assert theirs == ours
    assert kept["class"] == "S3ComputeLogManager"


def test_the_script_that_makes_the_databases_is_plain_shell():
    script = DEPLOY / "postgres" / "10-databases.sh"
    checked = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert script.stat().st_mode & 0o111
