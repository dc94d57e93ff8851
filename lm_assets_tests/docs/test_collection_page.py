"""docs/collection.md answers for every metric, source and reason there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lm_assets.collect.source_answers import PRECEDENCE
from lm_assets.gateways.http.faults import RemoteFault

PROJECT = Path(__file__).parents[2]
COLLECT = PROJECT / "lm_assets" / "collect"
PAGE = (PROJECT / "docs" / "collection.md").read_text(encoding="utf-8")
# Modules whose functions return a reason where they have no value.
REASONING = ("spark/metrics", "prometheus/run", "prometheus/batches", "pods/snapshot")
# Result lines that break these are quarantined: they are no reason of a metric.
OF_RESULT_LINES = (
    *("result_line", "line_metrics", "foreign_json"),
    *("manifest", "campaign_records", "landed_objects"),
)


def first_cells(heading: str) -> list[str]:
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"there is no section {heading!r}"
    return re.findall(r"^\| `([^`]+)`", section[1], re.MULTILINE)


def test_every_metric_and_no_other_has_a_row_in_order() -> None:
    listed = yaml.safe_load((PROJECT / "config" / "metrics.yaml").read_text())["metrics"]
    assert first_cells("Metrics") == [metric["name"] for metric in listed]


def test_the_sources_are_in_their_order() -> None:
    assert tuple(first_cells("Sources")) == PRECEDENCE


def test_every_fault_of_a_server_has_a_row() -> None:
    assert [fault.value for fault in RemoteFault if f"| `{fault.value}` |" not in PAGE] == []


def rules() -> set[str]:
    """Names of rules that an event log or a snapshot can break."""
    found: set[str] = set()
    for path in COLLECT.rglob("*.py"):
        if path.stem not in OF_RESULT_LINES and path.parent.name != "convert":
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r'UnusableInputError\(\s*"([a-z_]+)"', text))
            found |= set(re.findall(r'super\(\).__init__\("([a-z_]+)"', text))
    return found - {"object_too_large"}


def test_every_rule_of_an_event_log_or_snapshot_has_a_row() -> None:
    assert len(rules()) > 8
    assert sorted(rule for rule in rules() if f"| `{rule}` |" not in PAGE) == []


def reasons() -> Iterator[str]:
    """The fixed part of every text that is returned instead of a value."""
    for module in REASONING:
        for node in ast.walk(ast.parse((COLLECT / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Return) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for value in values:
                    text = fixed_text(value)
                    if " " in text.strip() and not text.startswith("of "):
                        yield text.strip(" ,:;(")


def fixed_text(value: ast.expr) -> str:
    if isinstance(value, ast.JoinedStr):
        chunks = [str(c.value) for c in value.values if isinstance(c, ast.Constant)]
        return max(chunks, key=len, default="")
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


@pytest.mark.parametrize("reason", sorted(set(reasons())))
def test_every_reason_of_a_gap_is_explained(reason: str) -> None:
    words = re.split(r"\b(?:s before it starts|bytes spilled)\b", reason)[0].strip(" (")
    assert words in PAGE.replace("` … `", " ").replace("` `", " "), reason


def test_the_page_can_be_found() -> None:
    assert "docs/collection.md" in (PROJECT / "README.md").read_text(encoding="utf-8")
