"""Runs that count otherwise than all runs of their baseline are told of, and judged by nothing."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from lm_assets.cli.terminal_text import wide_console
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.gateways.bucket.verdict_json import campaign_verdict, verdict_rows
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import GatePolicy, RegressionPolicy, StagePolicy
from lm_assets.model.verdict import BEHAVIOUR_CHANGED, Verdict
from lm_assets.regression.baselines import initial_entries
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.verdict.behaviour import behaviour_findings
from lm_assets.reports.gate.comment import comment_markdown
from lm_assets_tests.builders import (
    COMBINATION,
    STARTED,
    a_cell,
    a_manifest,
    a_metric_catalogue,
    a_record,
)
from lm_assets_tests.reports.gate.materials import a_gate_material

COUNTED = {"tasks": 8, "stages": 2, "output_bytes": 1_200_000, "plans": "1a2b3c4d"}


def runs(*counted, first="nightly-2026-11-21-0a0b0c0", **changes):
    return [
        a_record(
            campaign=first,
            run_id=f"run-{k}",
            started_at=STARTED + timedelta(minutes=k),
            tier1_stability={},
            tier2_efficiency={},
            tier3_performance={"duration_s": 12.0 + 0.1 * (k % 5)},
            extra={"behaviour": dict(behaviour)} if behaviour else {},
            **changes,
        )
        for k, behaviour in enumerate(counted, start=1)
    ]


def baselines(*counted, **changes):
    entries, refusals = initial_entries(
        runs(*counted, **changes), now=datetime(2026, 11, 22, tzinfo=UTC), reason="initial"
    )
    assert refusals == []
    return entries


def judged(current, *, behaviour_change="told", stage=Stage.CI):
    policy = StagePolicy(minimum_current_runs=1, gate=GatePolicy(behaviour_change=behaviour_change))
    return judge_campaign(
        a_manifest(stage=stage, runs_per_combination=1),
        current,
        catalogue=BaselineCatalogue(entries=baselines(*[COUNTED] * 5)),
        metrics=a_metric_catalogue(["duration_s"]),
        policy=RegressionPolicy(stages=dict.fromkeys(Stage, policy)),
    )


def test_what_five_runs_agree_on_is_learned_and_what_varies_is_not():
    varying = [{**COUNTED, "output_bytes": 1_200_000 + k} for k in range(5)]
    (entry,) = baselines(*varying).values()
    assert entry.behaviour == {"plans": "1a2b3c4d", "stages": 2, "tasks": 8}


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param([COUNTED, COUNTED, {}, {}, {}], id="two runs that were counted"),
        pytest.param([{"tasks": k} for k in range(5)], id="no two runs alike"),
        pytest.param([{"failed_tasks": 0, "speculative_tasks": 0}] * 5, id="what happens to runs"),
        pytest.param([{"note": 0.5, "plans": 7, "is_on": True}] * 5, id="what is no counter"),
        pytest.param([{}] * 5, id="runs without a log"),
    ],
)
def test_nothing_is_exact_of(counted):
    (entry,) = baselines(*counted).values()
    assert entry.behaviour == {}


def test_one_run_is_enough_and_says_which_way():
    now = {**COUNTED, "tasks": 100, "output_bytes": 600_000, "plans": "ffff0000"}
    (finding,) = behaviour_findings(runs(now), baselines(*[COUNTED] * 5))
    assert (finding.kind, finding.severity) == (BEHAVIOUR_CHANGED, Verdict.UNCHANGED)
    assert finding.explanation["directions"] == {
        "output_bytes": "fewer",
        "plans": "other",
        "tasks": "more",
    }
    assert finding.message == (
        "behaviour changed, exactly: other plans, tasks 8 → 100, bytes written 1.2 MB → 600 kB "
        f"in {COMBINATION}"
    )


@pytest.mark.parametrize(
    "current",
    [
        pytest.param([COUNTED], id="the same"),
        pytest.param([{**COUNTED, "tasks": 9}, COUNTED], id="one odd run beside a usual one"),
        pytest.param([{**COUNTED, "tasks": 9}, {**COUNTED, "tasks": 7}], id="to either side"),
        pytest.param([{"tasks": 9}, {"stages": 2}], id="a counter that one run lacks"),
        pytest.param([{**COUNTED, "tasks": "nine"}], id="a text in a counter's place"),
        pytest.param([{}], id="not counted"),
    ],
)
def test_nothing_is_said_of(current):
    assert behaviour_findings(runs(*current), baselines(*[COUNTED] * 5)) == []


def test_a_failed_run_which_did_less_says_nothing():
    broken_off = runs({**COUNTED, "tasks": 3}, exit_code=1)
    assert behaviour_findings(broken_off, baselines(*[COUNTED] * 5)) == []


def test_combinations_that_changed_the_same_way_are_one_finding():
    entries = {}
    current = []
    for name, tasks in (("a", 100), ("b", 200), ("c", 2)):
        entries |= baselines(*[COUNTED] * 5, combination=name)
        current += runs({**COUNTED, "tasks": tasks}, combination=name)
    wide, lone = behaviour_findings(current, entries)
    assert (wide.combinations, lone.combinations) == (("a", "b"), ("c",))
    assert wide.message.endswith("tasks 8 → 100 in 2 combinations, such as a")
    assert wide.explanation["counters"]["b"] == {"tasks": [8, 200]}


def test_a_pull_request_is_told_of_it_without_a_verdict_and_warned_where_the_policy_says_so():
    current = runs({**COUNTED, "tasks": 100})
    told, warned = judged(current), judged(current, behaviour_change="warns")
    assert [f.kind for f in told.findings] == [BEHAVIOUR_CHANGED]
    assert Verdict.REGRESSED.value not in told.counts
    assert (told.verdict, warned.verdict) == (judged(runs(COUNTED)).verdict,) * 2
    assert warned.exit_code == 3
    assert told.exit_code == judged(runs(COUNTED)).exit_code
    assert warned.notes[0] == "behaviour changed in 1 combinations, of which the policy warns"


def test_it_is_shown_after_the_cells_that_have_a_verdict(capsys):
    verdict = judged(runs({**COUNTED, "tasks": 100}))
    print_verdict(wide_console(), dataclasses.replace(verdict, cells=(*verdict.cells, a_cell())))
    shown = capsys.readouterr().out
    assert shown.index("duration_s") < shown.index("behaviour changed, exactly")


def test_it_is_stored_and_shown_by_the_gate_and_in_the_pull_request():
    verdict = judged(runs({**COUNTED, "tasks": 100}))
    assert campaign_verdict(verdict_rows(verdict)).findings == verdict.findings
    console = wide_console()
    with console.capture() as shown:
        print_verdict(console, verdict)
    assert "behaviour changed, exactly: tasks 8 → 100" in shown.get()
    comment = comment_markdown(dataclasses.replace(a_gate_material(), verdict=verdict))
    assert "#### Behaviour changed (counted exactly, no verdict)" in comment
    assert "tasks 8 → 100" in comment
