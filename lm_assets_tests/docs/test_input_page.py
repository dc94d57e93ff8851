"""docs/input.md and the schemas say what the code reads, every field and every rule of it."""

import dataclasses
import json
import re

import pytest
from jsonschema import Draft202012Validator

from lm_assets.collect import result_line
from lm_assets.collect.landing.manifest import parse_manifest
from lm_assets.collect.result_line import parse_result_line
from lm_assets.gateways.bucket.object_keys import SUCCESS_NAME, parse_incoming_key
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.campaign import Manifest
from lm_assets.model.errors import UnusableInputError
from lm_assets_tests.architecture.project import PACKAGE, PROJECT
from lm_assets_tests.docs.input_schemas import FOLDER, SCHEMAS, text_of

PAGE = (PROJECT / "docs" / "input.md").read_text(encoding="utf-8")
READERS = (
    *("collect/result_line.py", "collect/line_metrics.py", "collect/foreign_json.py"),
    *("collect/campaign_records.py", "collect/confirmation.py", "collect/collector.py"),
    *("collect/landing/manifest.py", "collect/landing/landed_objects.py"),
    "gateways/bucket/object_keys.py",
)
RULE = re.compile(
    r'(?:UnusableInputError|_refused_object)\([^"]*?"([a-z_0-9]+)"|rule="([a-z_0-9]+)"|"(run_without_result_line)"'
)


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading!r}"
    return found[1]


def rules() -> set[str]:
    text = "".join((PACKAGE / name).read_text(encoding="utf-8") for name in READERS)
    found = {name for match in RULE.findall(text) for name in match if name}
    return found | {"campaign_id", "combination_id"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_what_the_code_makes_it(name):
    again = "python -m lm_assets_tests.docs.input_schemas writes it anew"
    assert (FOLDER / name).read_text(encoding="utf-8") == text_of(name), again


def test_every_rule_of_the_quarantine_has_a_row_with_an_example_and_what_to_do():
    assert len(rules()) > 18
    rows = [line for line in section("What is refused").splitlines() if line.startswith("| `")]
    named = {rule for row in rows for rule in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1])}
    assert rules() - named == set()
    assert all(cell.strip() for row in rows for cell in row.strip("|").split("|"))


def test_every_field_of_the_manifest_has_a_row_in_order():
    rows = re.findall(r"^\| `(\w+)` \|", section("`manifest.json`"), re.MULTILINE)
    assert rows == [field.name for field in dataclasses.fields(Manifest)]


def test_every_own_field_of_a_result_line_and_every_alias_is_named():
    part = section("Result line")
    aliases = {f.name for metric in shipped_metrics() for f in metric.fields}
    names = result_line.OWN_FIELDS | aliases - set(shipped_metrics().names)
    assert [name for name in sorted(names) if f"`{name}`" not in part] == []


def test_every_example_is_read():
    lines = re.findall(r"```json\n(.*?)\n```", section("Examples"), re.DOTALL)
    assert len(lines) == 3
    for line in lines:
        assert parse_result_line(line.encode()).measurements.values["duration_s"] > 0


def by_schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def test_every_example_is_one_by_the_schema_and_what_is_refused_is_none():
    schema = by_schema("result_line.schema.json")
    for line in re.findall(r"```json\n(.*?)\n```", section("Examples"), re.DOTALL):
        example = json.loads(line)
        assert list(schema.iter_errors(example)) == []
        assert not schema.is_valid({**example, "run_id": "no id / at all"})
        assert not schema.is_valid({**example, "duration_sec": "soon"})


def test_a_manifest_that_the_reader_takes_is_one_by_the_schema():
    schema = by_schema("manifest.schema.json")
    assert schema.is_valid({"stage": "ci", "environment": {"cores": 8}, "runs_per_combination": 5})
    for refused in ({}, {"stage": "hourly"}, {"stage": "ci", "runs_per_combination": 0}):
        assert not schema.is_valid(refused)
        with pytest.raises(UnusableInputError):
            parse_manifest(json.dumps(refused).encode(), campaign="ci-1")


def test_each_key_of_the_layout_is_one():
    block = re.search(r"```\n(.*?)```", section("Layout"), re.DOTALL)
    assert block
    for line in block[1].splitlines():
        key = line.split()[0].replace("…", "app-1")
        for placeholder in re.findall(r"<\w+>", key):
            key = key.replace(placeholder, placeholder.strip("<>"))
        assert parse_incoming_key(key).name
    assert SUCCESS_NAME in block[1]


def test_a_manifest_of_all_fields_that_the_page_lists_is_read():
    content = {"stage": "ci", "environment": {"cores": 8}, "runs_per_combination": 5}
    assert parse_manifest(json.dumps(content).encode(), campaign="ci-1").stage == "ci"
