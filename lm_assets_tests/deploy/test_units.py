"""deploy/systemd: each unit starts a program of ours, with what docs/deploy.md (a) puts there."""

import configparser
import re
import sys
from pathlib import Path

import pytest

from lm_assets_tests.conftest import PROJECT

UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
PAGE = (PROJECT / "docs" / "deploy.md").read_text(encoding="utf-8")
ONE_MACHINE = PAGE[PAGE.index("## (a)") : PAGE.index("## (b)")]


def unit(path: Path) -> dict[str, list[str]]:
    """Return the values of [Service] by key; a key may be there more than once."""
    section = path.read_text(encoding="utf-8").partition("[Service]")[2].partition("[Install]")[0]
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"(?m)^(\w+)=(.*)$", section):
        found.setdefault(key, []).append(value)
    return found


def test_there_is_a_unit_for_each_process_that_the_page_enables():
    (enabled,) = re.findall(r"systemctl enable --now (.+)", ONE_MACHINE)
    assert sorted(enabled.split()) == [path.stem for path in UNITS]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_one_that_systemd_can_read(path):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_an_installed_program_from_where_the_page_put_it(path):
    program = Path(unit(path)["ExecStart"][0].split()[0])
    assert str(program.parent) == "/opt/lm-assets/bin"
    assert Path(sys.executable).with_name(program.name).exists()
    assert "python3 -m venv /opt/lm-assets" in ONE_MACHINE


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_reads_the_settings_that_init_wrote_as_the_user_that_the_page_made(path):
    service = unit(path)
    wanted = "reader.env" if "exporter" in path.stem else "platform.env"
    assert service["EnvironmentFile"] == [f"/etc/lm-assets/{wanted}"]
    assert "lm init /etc/lm-assets --deployment" in ONE_MACHINE
    (user,) = service["User"]
    assert re.search(rf"useradd .* {user}$", ONE_MACHINE, re.MULTILINE)
    given = dict(value.split("=", 1) for value in service["Environment"])
    exported = dict(re.findall(r"(DAGSTER_HOME|LM_CONFIG_DIR)=(\S+)", ONE_MACHINE))
    assert {name: given[name] for name in exported} == exported
    assert service["WorkingDirectory"] == ["/var/lib/lm-assets"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_can_do_no_more_than_it_needs(path):
    service = unit(path)
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert re.fullmatch(r"\d+[MG]", service["MemoryMax"][0])
