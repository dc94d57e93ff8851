"""What is declared, what is locked and what is documented are the same."""

import re
from importlib.metadata import entry_points

import pytest

from lm_assets_tests.architecture.project import (
    PROJECT,
    locked,
    normalised,
    pyproject,
    requirements,
)

LOCKS = ("requirements.lock", "requirements-dev.lock")
# The dev lock installs over the runtime lock; pyspark is neither, it is 450 MB.
LOCK_OF = {"runtime": LOCKS, "local": LOCKS, "mcp": LOCKS, "dev": LOCKS[1:]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry_and_no_place(lock: str) -> None:
    lines = (PROJECT / lock).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        where = f"{lock}:{number}: {line[:120]}"
        assert "://" not in line, where
        assert " @ " not in line, where
        assert line.startswith("#") or "index-url" not in line, where
        assert "find-links" not in line, where
        assert not line.startswith("/"), where


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_has_a_hash(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("group", LOCK_OF)
def test_every_declared_library_is_locked(group: str) -> None:
    for lock in LOCK_OF[group]:
        pins = locked(lock)
        assert [n for n in requirements(group) if normalised(n) not in pins] == [], lock


@pytest.mark.parametrize("group", LOCK_OF)
def test_an_exact_pin_is_locked_as_it_is_declared(group: str) -> None:
    project = pyproject()["project"]
    lines = (
        project["dependencies"] if group == "runtime" else project["optional-dependencies"][group]
    )
    exact = [line.split("==") for line in lines if "==" in line]
    for lock in LOCK_OF[group]:
        assert [n for n, version in exact if locked(lock)[normalised(n)] != version] == []


def test_both_locks_agree() -> None:
    runtime, dev = (locked(lock) for lock in LOCKS)
    assert {name: dev.get(name) for name in runtime} == runtime


def test_no_development_tool_is_installed_with_the_platform() -> None:
    only_dev = {normalised(n) for n in requirements("dev")} - {
        normalised(n) for n in requirements("runtime")
    }
    assert only_dev & locked("requirements.lock").keys() == set()


def test_the_command_is_where_the_package_says() -> None:
    (command,) = entry_points(group="console_scripts", name="lm")
    assert callable(command.load())


def test_there_is_no_second_lock() -> None:
    assert not (PROJECT / "uv.lock").exists()
