"""Annotations: ten of a level, one line each, and nothing from outside starts a command."""

import re

from hypothesis import given

from lm_assets.model.verdict import Verdict
from lm_assets.reports.gate.github import github_commands, unjudged_commands
from lm_assets_tests.builders import a_cell
from lm_assets_tests.reports.gate.materials import (
    HOSTILE,
    a_gate_material,
    an_alert,
    an_unjudged,
    materials,
    unchanged,
)

COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^,:\r\n]*,?)+)::([^\r\n]*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Each command as the runner reads it: level, properties, message."""
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(pair.split("=", 1) for pair in match[2].split(","))
        assert not re.search(r"%(?!25|0A|0D)", match[3])
        found.append((match[1], properties, match[3].replace("%25", "%")))
    return found


def test_a_regression_is_an_error_at_its_baseline():
    whole, finding = commands(github_commands(a_gate_material()))
    assert whole[0] == finding[0] == "error"
    assert finding[1]["file"] == "config/baselines/load-test-baselines.yaml"
    assert finding[1]["line"] == "42"
    assert "+80" in finding[2]


def test_ten_of_a_level_are_all_and_the_tenth_says_how_many_more():
    cells = [a_cell(combination=f"c{place}") for place in range(30)]
    cells += [a_cell(combination=f"s{place}", verdict=Verdict.SUSPECTED) for place in range(12)]
    found = commands(github_commands(a_gate_material(cells)))
    errors = [message for level, _, message in found if level == "error"]
    warnings = [message for level, _, message in found if level == "warning"]
    assert len(errors) == len(warnings) == 10
    assert errors[-1].startswith("22 more are in the comment")
    assert warnings[-1].startswith("3 more are in the comment")


def test_what_somebody_has_is_a_notice_and_a_clean_campaign_has_one_line():
    levels = [
        level for level, _, _ in commands(github_commands(a_gate_material(alerts=[an_alert()])))
    ]
    assert levels == ["notice", "notice"]
    assert len(commands(github_commands(a_gate_material([unchanged()])))) == 1


def test_a_campaign_with_nothing_but_known_losses_is_not_called_unchanged():
    whole, _ = commands(github_commands(a_gate_material(alerts=[an_alert()])))
    assert whole[1]["title"].endswith("nothing new")


def test_a_campaign_that_is_unfit_says_why():
    reason = "tier 3: 3 of 12 expected cells have no value"
    changes = {"verdict": Verdict.DATA_FAULT, "exit_code": 4, "notes": (reason,)}
    (whole,) = commands(github_commands(a_gate_material([unchanged()], verdict_changes=changes)))
    assert whole[0] == "error"
    assert reason in whole[2]


def test_a_campaign_without_a_verdict_is_an_error():
    ((level, _, message),) = commands(unjudged_commands(an_unjudged(reason=HOSTILE)))
    assert level == "error"
    assert "::error::pwned" in message


@given(material=materials())
def test_no_name_starts_a_command_or_ends_one(material):
    for level in ("error", "warning", "notice"):
        assert sum(found[0] == level for found in commands(github_commands(material))) <= 10
