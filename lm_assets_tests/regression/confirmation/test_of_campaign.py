"""A campaign and its fresh runs: who asks, which runs count; no answer moves the question."""

import dataclasses
from datetime import timedelta

import pytest

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError
from lm_assets.model.policy import ConfirmationPolicy, RegressionPolicy, StagePolicy
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.confirmation.of_campaign import campaign_confirmation_request
from lm_assets.regression.verdict.phrases import confirmation_phrase
from lm_assets_tests.builders import (
    CAMPAIGN,
    STARTED,
    a_baseline,
    a_manifest,
    a_metric_baseline,
    a_record,
)
from lm_assets_tests.regression.small_campaigns import CATALOGUE, STEADY

BEFORE, NOW = (90.0, 110.0, 100.0, 105.0, 95.0), (115.0, 150.0, 120.0, 140.0, 112.0)
ASKING = StagePolicy(confirmation=ConfirmationPolicy(is_requested=True))
POLICY = RegressionPolicy(stages=dict.fromkeys(Stage, ASKING))


def baselines(hit=BEFORE, **changes):
    samples = {**{f"c{at}": STEADY for at in range(12)}, "hit": hit}
    entries = {
        name: a_baseline(
            combination=name, metrics={"duration_s": a_metric_baseline(values)}, **changes
        )
        for name, values in samples.items()
    }
    return BaselineCatalogue(entries=entries, digest="5f2c9e")


def runs(combination, values, prefix="run", **changes):
    return [
        a_record(
            combination=combination,
            run_id=f"{prefix}-{number}",
            tier1_stability={},
            tier2_efficiency={},
            tier3_performance={"duration_s": value},
            **changes,
        )
        for number, value in enumerate(values, start=1)
    ]


RECORDS = [*(r for at in range(12) for r in runs(f"c{at}", STEADY)), *runs("hit", NOW)]


def fresh(baseline=STEADY, current=STEADY, **changes):
    return [
        *runs("hit", baseline, "baseline", **changes),
        *runs("hit", current, "current", **changes),
    ]


def judged(records=RECORDS, *, catalogue=None, **changes):
    return judge_campaign(
        a_manifest(),
        records,
        catalogue=catalogue or baselines(),
        metrics=CATALOGUE,
        policy=POLICY,
        **changes,
    )


def request(verdict):
    return campaign_confirmation_request(
        verdict, a_manifest(), catalogue=baselines(), policy=POLICY
    )


SLOWER = [1.4 * value for value in STEADY]
ANSWERS = [
    pytest.param(fresh(current=SLOWER), "regressed", id="again slower"),
    pytest.param(fresh(), "unchanged", id="the same"),
    pytest.param(fresh(current=[0.5 * v for v in STEADY]), "inconclusive", id="contradicted"),
]


@pytest.mark.parametrize(("runs_landed", "verdict"), ANSWERS)
def test_an_answer_changes_the_verdict_and_not_the_question(runs_landed, verdict):
    asked, answered = judged(), judged(fresh=runs_landed)
    assert asked.confirmation == ConfirmationState(asked=1)
    assert answered.confirmation == ConfirmationState(asked=1, outcomes={verdict: 1})
    before, after = request(asked), request(answered)
    assert (before["status"], after["status"]) == ("open", "answered")
    assert after["cells"][0]["answer"]["n_current"] == 5
    cells = [{**cell, "answer": None} for cell in after["cells"]]
    assert {**after, "status": "open", "cells": cells} == before


@pytest.mark.parametrize(
    ("baseline", "current"),
    [
        pytest.param(STEADY, (), id="the other side has not landed"),
        pytest.param((), STEADY, id="the baseline has not landed"),
        pytest.param(STEADY, STEADY[:1], id="one run of the other side"),
    ],
)
def test_one_side_alone_decides_nothing(baseline, current):
    verdict = judged(fresh=fresh(baseline, current))
    assert verdict.counts["suspected"] == 1
    assert verdict.confirmation.is_open
    assert request(verdict) == request(judged())


def test_the_answer_is_of_fresh_against_fresh_and_stands_beside_the_first_figures():
    verdict = judged(fresh=fresh(current=SLOWER))
    cell = next(c for c in verdict.cells if c.combination == "hit")
    answer = cell.explanation["confirmation"]
    assert answer["change"] == pytest.approx(0.4)
    assert answer["change_ci95"][0] < 0.4 < answer["change_ci95"][1]
    assert (answer["n_baseline"], answer["n_current"]) == (5, 5)
    assert answer["p"] == answer["q"] < 1e-6
    assert cell.change == pytest.approx(0.2687, abs=1e-4)
    assert cell.p > 0.01
    assert (verdict.verdict, verdict.exit_code) == (Verdict.REGRESSED, 2)


def test_fresh_runs_of_a_baseline_that_was_replaced_since_decide_nothing_and_it_is_said():
    later = (STARTED + timedelta(hours=1)).isoformat()
    verdict = judged(catalogue=baselines(updated_at=later), fresh=fresh(current=SLOWER))
    assert verdict.counts["suspected"] == 1
    assert verdict.notes[0] == ("5 fresh runs are of a baseline replaced since, and decide nothing")


def test_a_baseline_by_which_nothing_is_suspected_withdraws_the_request():
    verdict = judged(catalogue=baselines(hit=NOW), fresh=fresh())
    assert verdict.confirmation is None
    assert request(verdict) is None


def test_failed_fresh_runs_are_no_samples():
    verdict = judged(fresh=fresh(current=SLOWER, exit_code=1))
    assert verdict.counts["suspected"] == 1


def test_fresh_runs_without_the_campaign_itself_are_refused():
    with pytest.raises(DataFaultError, match=f"{CAMPAIGN}-confirm"):
        judged([], fresh=fresh())


def test_what_a_reader_is_told_names_the_object_and_then_the_answer():
    asked, answered = judged(), judged(fresh=fresh())
    assert confirmation_phrase(asked) == (
        f"Fresh runs are asked for of 1 suspected cell: the runs are in "
        f"confirmations/{CAMPAIGN}.json and land as {CAMPAIGN}-confirm."
    )
    assert confirmation_phrase(answered) == (
        "Fresh runs decided 1 of 1 suspected cell: 1 unchanged."
    )
    half = dataclasses.replace(
        asked, confirmation=ConfirmationState(asked=3, left_out=2, outcomes={"unchanged": 1})
    )
    assert confirmation_phrase(half).startswith(
        "Fresh runs decided 1 of 3 suspected cells, 2 more beyond the maximum: 1 unchanged; the "
        "others still ask"
    )
