"""docs/configuration.md has every key and variable, with its default, and no other."""

import dataclasses
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec
import pytest
import yaml

from lm_assets.collect.collection_config import (
    CollectionConfig,
    HistoryServerConfig,
    PrometheusConfig,
    PrometheusQueries,
)
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model import policy
from lm_assets.model.combination import Matrix
from lm_assets.model.metric import Metric
from lm_assets.model.noise_policy import (
    EnvironmentPolicy,
    NodePolicy,
    OverdispersionPolicy,
    RunPositionPolicy,
    TrendPolicy,
)
from lm_assets.model.ownership import OwnerRule
from lm_assets.model.policy import (
    AlertPolicy,
    CommonShiftPolicy,
    ConfirmationPolicy,
    GatePolicy,
    RegressionPolicy,
    RollUpPolicy,
    StagePolicy,
    TierCoverage,
    TradeOffRule,
)
from lm_assets.model.retention import RetentionPolicy

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
SECTIONS = {
    "`matrix.yaml`": Matrix,
    "`metrics.yaml`": Metric,
    "`collection.yaml`": CollectionConfig,
    "History Server: `history_server`": HistoryServerConfig,
    "Prometheus: `prometheus`": PrometheusConfig,
    "PromQL: `prometheus.queries`": PrometheusQueries,
    "`retention.yaml`": RetentionPolicy,
    "`regression.yaml`": RegressionPolicy,
    "A stage: `stages.<stage>`": StagePolicy,
    "Common shift: `stages.<stage>.common_shift`": CommonShiftPolicy,
    "Run positions: `stages.<stage>.run_positions`": RunPositionPolicy,
    "Overdispersion: `stages.<stage>.overdispersion`": OverdispersionPolicy,
    "Nodes: `stages.<stage>.nodes`": NodePolicy,
    "Environment: `stages.<stage>.environment`": EnvironmentPolicy,
    "Trend: `stages.<stage>.trend`": TrendPolicy,
    "Exchange rates: `stages.<stage>.trade_offs[]`": TradeOffRule,
    "Roll-up: `stages.<stage>.roll_up`": RollUpPolicy,
    "Confirmation: `stages.<stage>.confirmation`": ConfirmationPolicy,
    "Gate: `stages.<stage>.gate`": GatePolicy,
    "Coverage: `stages.<stage>.coverage[]`": TierCoverage,
    "Alerts: `stages.<stage>.alerts`": AlertPolicy,
    "Owners: `stages.<stage>.alerts.owners[]`": OwnerRule,
}
VARIABLE = re.compile(r"\b(?:LM|AWS)_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?!_)")


def rows(heading: str) -> dict[str, list[str]]:
    """The cells after the first, by the first cell without its quotes, of a section's table."""
    section = re.search(
        rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert section, f"there is no section {heading!r}"
    lines = [line for line in section[1].splitlines() if line.startswith("| `")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {cells[0].strip("`"): cells[1:] for cells in table}


Field = dataclasses.Field  # type: ignore[type-arg]


def fields_of(of: type) -> "list[Field]":
    """A dataclass's fields, or a msgspec structure's in the same shape."""
    if dataclasses.is_dataclass(of):
        return [field for field in dataclasses.fields(of) if field.init]
    made = []
    for declared in msgspec.structs.fields(of):
        default = declared.default
        field = dataclasses.field(
            default=dataclasses.MISSING if default is msgspec.NODEFAULT else default
        )
        field.name = declared.name
        made.append(field)
    return made


def shown_default(field: "Field") -> str:
    """A field's default as the page shows it."""
    if isinstance(field.default, msgspec.Struct):
        return "see below"
    if field.default_factory is not dataclasses.MISSING:
        made = field.default_factory()
        return "see below" if dataclasses.is_dataclass(made) else "`{}`"
    if field.default is dataclasses.MISSING:
        return "required"
    if isinstance(field.default, tuple):
        words = [item.value if isinstance(item, Enum) else str(item) for item in field.default]
        return f"`[{', '.join(words)}]`"
    if field.default == "":
        return '`""`'
    return f"`{yaml.safe_dump(field.default).splitlines()[0]}`"


@pytest.mark.parametrize(
    ("heading", "of"), SECTIONS.items(), ids=lambda v: getattr(v, "__name__", "")
)
def test_every_key_is_there_in_order_with_its_default_and_a_meaning(heading: str, of: type) -> None:
    table = rows(heading)
    fields = fields_of(of)
    assert list(table) == [field.name for field in fields]
    for field in fields:
        type_, default, _range, meaning = table[field.name]
        assert default == shown_default(field), f"the default of {field.name}"
        assert type_
        assert meaning


def dataclasses_of_policy() -> Iterator[type]:
    for value in vars(policy).values():
        if isinstance(value, type) and dataclasses.is_dataclass(value):
            yield value


def test_every_policy_has_its_section() -> None:
    assert set(dataclasses_of_policy()) <= set(SECTIONS.values())


def test_every_section_with_keys_is_held_to_the_code() -> None:
    headings = re.findall(r"^##+ (.*)$", PAGE, re.MULTILINE)
    assert set(SECTIONS) | {"Environment variables"} == set(headings)


def test_every_file_is_there() -> None:
    configuration = load_configuration(PROJECT / "config")
    named = {
        cell.strip("` ") for cell in re.findall(r"^\| (`[a-z/-]+\.yaml`) ", PAGE, re.MULTILINE)
    }
    present = {
        str(path.relative_to(configuration.directory))
        for path in configuration.directory.rglob("*.yaml")
    }
    written = {"baselines/load-test-baselines.yaml", "baselines/load-test-behaviour.yaml"}
    optional = {"collection.yaml", *written}
    assert named - optional <= present <= named


def test_every_shipped_stage_spells_out_every_key() -> None:
    content = yaml.safe_load((PROJECT / "config" / "regression.yaml").read_text(encoding="utf-8"))
    for stage, keys in content["stages"].items():
        assert set(keys) == set(rows("A stage: `stages.<stage>`")), stage


# Their variables are those of deploy/.env.example: lm_assets_tests/deploy/test_compose.py.
OF_COMPOSE = {
    PROJECT / "deploy" / name
    for name in ("compose.yaml", ".env.example", "postgres/10-databases.sh")
}


def variables_in_the_code() -> set[str]:
    """Names of environment variables in whatever runs."""
    found: set[str] = set()
    for folder, pattern in (
        ("lm_assets", "**/*.py"),
        ("lm_assets_tests", "conftest.py"),
        ("demo", "*.py"),
        ("deploy", "**/*"),
        (".", "*.yaml"),
        (".", "Makefile"),
        (".ci", "*"),
    ):
        for path in (PROJECT / folder).glob(pattern):
            if path.is_file() and path not in OF_COMPOSE:
                found.update(VARIABLE.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_environment_variable_is_there_and_is_read_somewhere() -> None:
    table = rows("Environment variables")
    in_code = variables_in_the_code()
    assert sorted(in_code - set(table)) == [], "in the code, not on the page"
    assert sorted(set(table) - in_code) == [], "on the page, not in the code"


def test_no_variable_is_named_elsewhere_on_the_page_without_its_row() -> None:
    assert set(VARIABLE.findall(PAGE)) == set(rows("Environment variables"))
