"""docs/naming.md is the grammar that names follow."""

import ast
import re
from collections.abc import Iterator

import yaml

from lm_assets.model.verdict import Verdict
from lm_assets_tests.architecture.project import PROJECT, modules

PAGE = (PROJECT / "docs" / "naming.md").read_text(encoding="utf-8")
METRICS = yaml.safe_load((PROJECT / "config" / "metrics.yaml").read_text(encoding="utf-8"))
SUFFIX_OF_UNIT = {
    "s": "_s",
    "ms": "_ms",
    "%": "_pct",
    "rows/s": "_rows_s",
    "core-seconds": "_core_seconds",
    "GiB-seconds": "_gib_seconds",
}
LENGTH_OF_TIME = re.compile(r"(duration|delay|timeout|elapsed|latency|wait)$")


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading!r}"
    return found[1]


def test_a_metric_ends_with_its_unit_and_a_count_is_a_plural() -> None:
    for metric in METRICS["metrics"]:
        name, unit = metric["name"], metric["unit"]
        if metric["scale"] == "count":
            assert name.endswith("s")
            assert name.endswith(unit), f"{name} counts {unit}"
        else:
            assert re.search(rf"\w{SUFFIX_OF_UNIT[unit]}$", name), f"{name} is in {unit}"


def test_every_unit_of_a_metric_is_on_the_page() -> None:
    used = {m["unit"] for m in METRICS["metrics"] if m["scale"] != "count"}
    documented = set(re.findall(r"`(_[a-z_]+)`", section("Numbers")))
    assert {SUFFIX_OF_UNIT[unit] for unit in used} <= documented


def test_the_words_of_the_model_are_on_the_page() -> None:
    words = set(re.findall(r"^\| ([a-z ]+) \|", section("Words"), re.MULTILINE)) - {"word"}
    nouns = {"matrix", "combination", "campaign", "metric", "baseline", "summary", "verdict"}
    assert nouns | {"finding", "record", "cell", "subject", "stage", "priority"} <= words
    for noun in sorted(nouns - {"matrix"}):
        assert (PROJECT / "lm_assets" / "model" / f"{noun}.py").is_file(), noun


def numbers() -> Iterator[tuple[str, str]]:
    """Fields and parameters that are annotated as plain numbers, with their file.

    Not those of modules that spell out Spark's own documents, field by field.
    """
    for path in modules():
        if path.stem in {"events", "history_server_answers"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name, annotation = node.target.id, node.annotation
            elif isinstance(node, ast.arg) and node.annotation is not None:
                name, annotation = node.arg, node.annotation
            else:
                continue
            if ast.unparse(annotation) in {"int", "float", "int | None", "float | None"}:
                yield name, str(path.relative_to(PROJECT))


def test_a_length_of_time_never_stands_without_its_unit() -> None:
    found = list(numbers())
    assert len(found) > 100
    assert [pair for pair in found if LENGTH_OF_TIME.search(pair[0])] == []


def test_every_error_is_called_one() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                if any(base.endswith(("Error", "Exception")) for base in bases):
                    assert node.name.endswith("Error"), f"{path}: {node.name}"


def test_verdicts_are_words_in_snake_case() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", verdict.value) for verdict in Verdict)


def test_files_are_named_as_the_page_says() -> None:
    assert [
        p.name
        for p in (PROJECT / "docs").rglob("*.md")
        if not re.fullmatch(r"[a-z0-9-]+\.md", p.name)
    ] == []
