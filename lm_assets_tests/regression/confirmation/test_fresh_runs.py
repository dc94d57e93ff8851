"""Suspected cells ask for fresh runs, and the fresh runs decide."""

import json

import pytest

from lm_assets.model.policy import ConfirmationPolicy, StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.confirmation.fresh_runs import ConfirmationSamples
from lm_assets.regression.confirmation.request import confirmation_request
from lm_assets_tests.regression.small_campaigns import STEADY, judged, table

ASKING = StagePolicy(confirmation=ConfirmationPolicy(is_requested=True, runs_per_side=3))
BEFORE, NOW = (90, 110, 100, 105, 95), (115, 150, 120, 140, 112)
REST = {(f"c{at}", "duration_s"): STEADY for at in range(12)}


def campaign(suspected=("hit",), **changes):
    return judged(
        {**REST, **{(name, "duration_s"): BEFORE for name in suspected}},
        {**REST, **{(name, "duration_s"): NOW for name in suspected}},
        **{"policy": ASKING, **changes},
    )


def fresh(baseline, current):
    return ConfirmationSamples(
        baseline=table({("hit", "duration_s"): baseline}),
        current=table({("hit", "duration_s"): current}),
    )


def cell(verdict):
    return next(c for c in verdict.cells if c.combination == "hit")


def test_the_request_names_cells_runs_and_where_results_are_to_land():
    request = confirmation_request(campaign(), ASKING)
    assert json.loads(json.dumps(request)) == request
    assert [c["combination"] for c in request["cells"]] == ["hit"]
    assert request["results_campaign"] == "nightly-1-confirm"
    assert (request["runs_per_side"], request["left_out"]) == (3, 0)


def test_fresh_runs_are_interleaved_and_the_sides_change_places():
    runs = confirmation_request(campaign(), ASKING)["runs"]
    order = [run["side"] for run in runs]
    assert order == ["baseline", "current", "current", "baseline", "baseline", "current"]
    assert [run["order"] for run in runs] == [1, 2, 3, 4, 5, 6]
    assert len({run["run_id"] for run in runs}) == 6


def test_nothing_is_asked_for_without_a_suspicion_or_when_the_stage_does_not_ask():
    assert confirmation_request(judged(REST, REST), ASKING) is None
    assert confirmation_request(campaign(), StagePolicy()) is None


def test_cells_beyond_the_maximum_are_counted():
    policy = StagePolicy(confirmation=ConfirmationPolicy(is_requested=True, maximum_cells=1))
    verdict = campaign(("hit", "too"), policy=policy)
    assert verdict.counts["suspected"] == 2
    request = confirmation_request(verdict, policy)
    assert (len(request["cells"]), request["left_out"]) == (1, 1)


@pytest.mark.parametrize(
    ("current", "outcome"),
    [
        pytest.param([1.4 * v for v in STEADY], Verdict.REGRESSED, id="again slower"),
        pytest.param(STEADY, Verdict.UNCHANGED, id="shown the same"),
        pytest.param([0.5 * v for v in STEADY], Verdict.INCONCLUSIVE, id="contradicted"),
        pytest.param((60, 150, 90, 130, 80), Verdict.INCONCLUSIVE, id="too loud"),
    ],
)
def test_the_fresh_runs_decide_a_suspected_cell(current, outcome):
    decided = cell(campaign(confirmation=fresh(STEADY, current)))
    assert (decided.verdict, decided.decided_by) == (outcome, "confirmation")
    assert decided.explanation["confirmation"]["n_current"] == 5
    assert decided.p < 0.05  # that of the first runs stays beside it


def test_too_few_fresh_runs_leave_the_suspicion():
    decided = cell(campaign(confirmation=fresh(STEADY[:2], STEADY[:2])))
    assert (decided.verdict, decided.decided_by) == (Verdict.SUSPECTED, "multiplicity")
    assert "confirmation" not in decided.explanation


def test_fresh_runs_of_cells_that_were_not_suspected_change_nothing():
    samples = ConfirmationSamples(
        baseline=table({("c1", "duration_s"): STEADY}),
        current=table({("c1", "duration_s"): [2 * v for v in STEADY]}),
    )
    assert campaign(confirmation=samples) == campaign()
