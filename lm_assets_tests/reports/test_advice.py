"""What to do next follows from the verdict, and every command is one that the program takes."""

import click
import pytest

from lm_assets.cli.main import lm
from lm_assets.model.verdict import Verdict
from lm_assets.reports.advice import next_steps
from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import (
    a_cell,
    a_manifest,
    a_quarantined_line,
    a_report_material,
    a_verdict,
)


def of_verdicts(*verdicts, **changes):
    cells = [
        a_cell(combination=f"combination-{i}", verdict=v, runs_needed=9)
        for i, v in enumerate(verdicts)
    ]
    defaults = {"combination_count": 0, "verdict": a_verdict(cells), "quarantined": []}
    return a_report_material(**{**defaults, **changes})


def commands(material):
    return [step.command for step in next_steps(material)]


def parsed(step):
    """Return the context of the command that takes the arguments; it raises where none does."""
    command, arguments = lm, list(step.arguments)
    context = click.Context(lm, info_name="lm")
    while isinstance(command, click.Group):
        name, command, arguments = command.resolve_command(context, arguments)
        context = click.Context(command, info_name=name, parent=context)
    return command.make_context(context.info_name, arguments)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_command_is_one_that_the_program_takes(verdict):
    for material in (
        of_verdicts(verdict),
        of_verdicts(verdict, quarantined=[a_quarantined_line()]),
        of_verdicts(verdict, Verdict.REGRESSED, manifest=a_manifest(environment={"jdk": "21"})),
    ):
        for step in next_steps(material):
            assert parsed(step)


def test_a_campaign_that_got_worse_is_never_made_a_first_baseline():
    worse = of_verdicts(Verdict.REGRESSED, Verdict.NO_BASELINE)
    assert not any("baseline init" in command for command in commands(worse))
    sound = of_verdicts(Verdict.UNCHANGED, Verdict.NO_BASELINE)
    assert any("baseline init" in command for command in commands(sound))


def test_a_loss_is_looked_into_before_it_is_accepted():
    first, second = commands(of_verdicts(Verdict.REGRESSED))[:2]
    assert first.startswith(("lm report", "lm explain"))
    assert second.startswith("lm baseline update")
    assert "--acknowledge duration_s=" in second
    assert second.endswith("--dry-run")


def test_every_loss_of_a_combination_is_acknowledged_by_its_name():
    cells = [
        a_cell(combination="a", metric=metric, verdict=verdict)
        for metric, verdict in (
            ("duration_s", Verdict.REGRESSED),
            ("cpu_core_seconds", Verdict.SUSPECTED),
            ("memory_gib_seconds", Verdict.UNCHANGED),
        )
    ]
    (command,) = [c for c in commands(of_verdicts(verdict=a_verdict(cells))) if "update" in c]
    assert "--acknowledge duration_s=TICKET-1 --acknowledge cpu_core_seconds=TICKET-1" in command
    assert "memory_gib_seconds" not in command


def test_refused_data_comes_first():
    material = of_verdicts(Verdict.REGRESSED, quarantined=[a_quarantined_line()])
    assert commands(material)[0].startswith("lm quarantine ")


def test_runs_are_asked_for_only_where_it_is_known_how_many():
    cells = [a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=None)]
    assert commands(of_verdicts(verdict=a_verdict(cells))) == []
    assert commands(of_verdicts(Verdict.INCONCLUSIVE)) == [
        "lm plan --runs 9 --combination combination-0"
    ]


def test_nothing_happened_asks_for_nothing():
    assert commands(of_verdicts(Verdict.UNCHANGED)) == []


def test_a_name_from_outside_stays_one_argument():
    cells = [a_cell(combination="a b; rm -rf /")]
    (_, accept) = next_steps(of_verdicts(verdict=a_verdict(cells)))[:2]
    assert "--combination 'a b; rm -rf /'" in accept.command


def test_every_layer_that_advises_says_the_same():
    material = of_verdicts(Verdict.REGRESSED, Verdict.SUSPECTED)
    told = commands(material)
    summary, page = executive_markdown(material), technical_html(material)
    assert [command for _, command in detailed_content(material)["steps"]] == told
    for command in told:
        assert f"`{command}`" in summary
        assert command.replace("'", "&#39;") in page
