"""Nodes on the platform's path: from records and baselines to cells that are confounded."""

from dataclasses import replace

import pytest

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import RegressionPolicy, StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.baselines.create import entry_of, select_runs
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets_tests.builders import a_manifest, a_record
from lm_assets_tests.regression.small_campaigns import CATALOGUE, STEADY

POLICY = RegressionPolicy(stages=dict.fromkeys(Stage, StagePolicy()))


def runs(combination, values, found="", **extra):
    return [
        a_record(
            combination=combination,
            run_id=f"run-{number}",
            tier1_stability={},
            tier2_efficiency={},
            tier3_performance={"duration_s": value},
            extra={**({"nodes": [found]} if found else {}), **extra},
        )
        for number, value in enumerate(values, start=1)
    ]


def catalogue_of(*records):
    made = [
        entry_of(selection, now=records[0].started_at, reason="first", minimum_runs=3)[0]
        for selection in select_runs(records)
    ]
    return BaselineCatalogue(entries={entry.combination: entry for entry in made})


@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        pytest.param("worker-1", Verdict.CONFOUNDED, id="moved to another node"),
        pytest.param("worker-9", Verdict.REGRESSED, id="stayed on its node"),
        pytest.param("", Verdict.CONFOUNDED, id="the baseline does not say"),
    ],
)
def test_a_cell_on_a_node_of_its_own_is_confounded_unless_the_baseline_was_there(before, verdict):
    baseline = [*runs("hit", STEADY, before), *runs("other", STEADY, "worker-1")]
    current = [
        *runs("hit", [1.5 * v for v in STEADY], "worker-9"),
        *runs("other", STEADY, "worker-1"),
    ]
    judged = judge_campaign(
        a_manifest(), current, catalogue=catalogue_of(*baseline), metrics=CATALOGUE, policy=POLICY
    )
    cells = {cell.combination: cell for cell in judged.cells}
    assert cells["hit"].verdict is verdict
    assert cells["other"].verdict is Verdict.UNCHANGED
    if verdict is Verdict.CONFOUNDED:
        assert cells["hit"].explanation["node"]["node"] == "worker-9"
        assert "worker-9" in cells["hit"].explanation["disagreement"]


def test_a_baseline_keeps_the_nodes_of_its_runs():
    entry = catalogue_of(*runs("a", STEADY, "worker-3")).entries["a"]
    assert set(entry.nodes) == set(entry.runs)
    assert set(entry.nodes.values()) == {"worker-3"}


def test_what_a_result_line_says_of_its_node_goes_before_what_was_found():
    (run,) = runs("a", STEADY[:1], "found-1", node="said-1")
    assert run.node == "said-1"
    assert replace(run, extra={"nodes": ["b", "c"]}).node == "b, c"
    assert replace(run, extra={}).node == ""
