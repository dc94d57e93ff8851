"""docs/dependencies.md lists what is declared, and says why."""

import re
from pathlib import Path

import pytest

from lm_assets_tests.architecture.project import PROJECT, pyproject, requirements

PAGE = (PROJECT / "docs" / "dependencies.md").read_text(encoding="utf-8")
SYSTEM_PACKAGES = PROJECT / "deploy" / "system-packages.sh"
SECTIONS = {
    "runtime": "Runtime",
    "local": "Extra `local`: engines in a checkout",
    "mcp": "Extra `mcp`: for language models",
    "spark": "Extra `spark`: only to record campaigns",
    "dev": "Extra `dev`",
}


def table(heading: str) -> dict[str, list[str]]:
    """The cells after the first, by the first, of a section's table."""
    section = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert section, f"there is no section {heading!r}"
    lines = [line for line in section[1].splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


def wanted(script: Path, target: str) -> list[str]:
    """The packages that the script installs for ``demo`` or ``test``."""
    lines = dict(re.findall(r'^(demo|test)="(.*)"$', script.read_text(encoding="utf-8"), re.M))
    return [name for name in lines[target].split() if name != "$demo"]


@pytest.mark.parametrize("group", SECTIONS)
def test_every_library_is_there_with_what_for_and_why_and_no_other(group: str) -> None:
    rows = table(SECTIONS[group])
    assert sorted(rows) == sorted(requirements(group))
    assert [name for name, cells in rows.items() if len(cells) != 2 or not all(cells)] == []


def test_every_extra_has_its_section() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    assert {"runtime", *extras} == set(SECTIONS)


def test_every_system_package_is_there_with_what_needs_it_and_no_other() -> None:
    rows = table("System packages")
    listed = {name: cells[0] for name, cells in rows.items()}
    expected = {
        name: target for target in ("demo", "test") for name in wanted(SYSTEM_PACKAGES, target)
    }
    assert listed == expected
    assert all(cells[1] for cells in rows.values())
