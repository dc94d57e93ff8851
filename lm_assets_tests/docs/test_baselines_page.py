"""docs/baselines.md names every guard, rule, command and key, and no other."""

import re
from dataclasses import replace

import pytest
import yaml

from lm_assets.cli.baseline.group import COMMANDS
from lm_assets.gateways.baseline_file.format import catalogue_text
from lm_assets.model.baseline import (
    AcknowledgedFinding,
    BaselineAnchor,
    BaselineCatalogue,
    RejectedRun,
)
from lm_assets.regression.baselines import Guard
from lm_assets.regression.baselines.checks import MAXIMUM_AGE_DAYS
from lm_assets.regression.baselines.create import MINIMUM_RUNS
from lm_assets.regression.baselines.guards import OUTLIER_ALPHA
from lm_assets_tests.builders import COMBINATION, a_baseline
from lm_assets_tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "baselines.md").read_text(encoding="utf-8")
NAMES_FROM_OUTSIDE = {"environment", "version_labels", "image_digests", "allowed_guards", "nodes"}


def first_cells(heading: str) -> list[str]:
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"there is no section {heading!r}"
    return re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE)


def test_every_guard_has_its_row_and_no_other_name_has():
    assert first_cells("Guards") == [guard.value for guard in Guard]


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_is_there(command):
    assert f"`lm baseline {command}`" in PAGE


def test_every_command_that_is_named_exists():
    named = set(re.findall(r"lm baseline ([a-z]+)", PAGE))
    assert named == {command.name for command in COMMANDS}


def test_every_option_that_is_named_exists():
    known = {option for c in COMMANDS for p in c.params for option in p.opts}
    own = re.sub(r"^\$ (?:git|cp) .*$", "", PAGE, flags=re.MULTILINE)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", own)) <= known


def rules_in_the_code() -> set[str]:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "lm_assets" / "regression" / "baselines").glob("*.py")
    )
    constants = re.findall(r'^[A-Z_]+ = "([a-z_]+)"$', sources, re.MULTILINE)
    return {*constants, *re.findall(r'Refusal\([^)]*?rule="([a-z_]+)"', sources, re.DOTALL)}


def test_every_rule_that_refuses_is_explained():
    rules = rules_in_the_code()
    assert {"unacknowledged_loss", "newer_baseline", "too_few_runs"} <= rules
    assert sorted(rule for rule in rules if f"`{rule}`" not in PAGE) == []


def test_the_numbers_are_those_of_the_code():
    assert f"older than {MAXIMUM_AGE_DAYS} days" in PAGE
    assert f"fewer than {MINIMUM_RUNS} sound runs" in PAGE
    assert f"p < {OUTLIER_ALPHA:g}" in PAGE


def keys_of(node: object) -> set[str]:
    """Keys of the format; not those that are names from outside: combinations, metrics, labels."""
    if isinstance(node, list):
        return set().union(*map(keys_of, node))
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, value in node.items():
        if key in {"baselines", "metrics", "acknowledged_findings"}:
            found |= {key, *set().union(*map(keys_of, value.values()))}
        elif key in NAMES_FROM_OUTSIDE or (key == "samples" and isinstance(value, dict)):
            found.add(key)
        else:
            found |= {key, *keys_of(value)}
    return found


def test_every_key_of_the_file_has_its_row_and_no_other_name_has():
    moment = "2026-11-22T01:02:03+00:00"
    entry = replace(
        a_baseline(),
        runs=("r",) * a_baseline().sample_size,
        nodes={"r": "worker-1"},
        rejected_runs=(RejectedRun(campaign="c", run_id="r", reason="failed"),),
        allowed_guards={"outliers": "x"},
        acknowledged_findings={
            "duration_s": AcknowledgedFinding(
                finding="f", by="b", at=moment, reason="r", loss=0.3, loss_since_anchor=None
            )
        },
        anchor=BaselineAnchor(
            set_at=moment, source_campaigns=(), reason="r", samples={"duration_s": (1.0,)}
        ),
    )
    text = catalogue_text(BaselineCatalogue(entries={COMBINATION: entry}))
    assert set(first_cells("The file")) == keys_of(yaml.safe_load(text))
