"""The campaign's verdict and exit code: hard limits, coverage, failures, and what the gate does."""

import dataclasses

import pytest

from lm_assets.model.policy import GatePolicy, StagePolicy, TierCoverage
from lm_assets.model.verdict import Finding, Verdict
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.gate import campaign_outcome
from lm_assets_tests.regression.small_campaigns import STEADY, judged

ALL = {(f"c{at}", "duration_s"): STEADY for at in range(10)}


def slower_in(cells, factor=1.6):
    return {**ALL, **{(c, "duration_s"): [factor * v for v in STEADY] for c in cells}}


def outcome(counts, findings=(), gaps=(), **changes):
    policy = dataclasses.replace(GatePolicy(), **changes)
    return campaign_outcome(counts, findings, gaps, policy)


@pytest.mark.parametrize(
    ("counts", "verdict", "exit_code"),
    [
        pytest.param({"unchanged": 10}, Verdict.UNCHANGED, 0, id="all shown unchanged"),
        pytest.param({"unchanged": 9, "improved": 1}, Verdict.IMPROVED, 0, id="improved"),
        pytest.param({"unchanged": 9, "regressed": 1}, Verdict.REGRESSED, 2, id="regressed"),
        pytest.param({"unchanged": 9, "suspected": 1}, Verdict.SUSPECTED, 3, id="suspected"),
        pytest.param({"unchanged": 9, "data_fault": 1}, Verdict.DATA_FAULT, 4, id="fault"),
        pytest.param({"regressed": 1, "data_fault": 1}, Verdict.REGRESSED, 2, id="both"),
        pytest.param({"unchanged": 8, "inconclusive": 2}, Verdict.UNCHANGED, 0, id="few undecided"),
        pytest.param({"unchanged": 7, "inconclusive": 3}, Verdict.INCONCLUSIVE, 3, id="many"),
        pytest.param({"inconclusive": 1}, Verdict.INCONCLUSIVE, 3, id="a lone cell undecided"),
        pytest.param({"no_baseline": 4}, Verdict.NO_BASELINE, 3, id="all new"),
        pytest.param({"accepted_tradeoff": 1, "unchanged": 9}, "accepted_tradeoff", 0, id="traded"),
        pytest.param({"confounded": 1, "unchanged": 9}, "confounded", 3, id="confounded"),
        pytest.param({"not_comparable": 1, "unchanged": 9}, "not_comparable", 3, id="elsewhere"),
        pytest.param({}, Verdict.DATA_FAULT, 4, id="nothing to judge"),
    ],
)
def test_the_gravest_verdict_decides(counts, verdict, exit_code):
    result = outcome(counts)
    assert (result.verdict, result.exit_code) == (verdict, exit_code)


def test_a_finding_blocks_even_where_no_cell_regressed():
    shift = Finding(kind="common_shift", metric="duration_s", severity=Verdict.REGRESSED)
    assert outcome({"unchanged": 10}, [shift]).exit_code == 2


def test_what_neither_blocks_nor_warns_passes_and_is_still_named():
    result = outcome({"unchanged": 9, "suspected": 1}, warns=())
    assert (result.verdict, result.exit_code) == (Verdict.SUSPECTED, 0)


def test_a_suspicion_can_be_made_to_block():
    result = outcome({"suspected": 1}, blocks=(Verdict.SUSPECTED,), warns=())
    assert result.exit_code == 2


def test_all_undecided_is_no_pass_whatever_share_is_allowed():
    assert outcome({"inconclusive": 3}, allowed_undecided_share=1.0).exit_code == 3


def test_a_run_above_a_hard_limit_regresses_whatever_the_baseline_says():
    kills = {(f"c{at}", "oom_kills"): [1, 0, 0, 0, 0] for at in range(2)}
    verdict = judged({**ALL, **kills}, {**ALL, **kills})
    assert [c.decided_by for c in verdict.cells if c.metric == "oom_kills"] == ["hard_limit"] * 2
    (finding,) = verdict.findings
    assert (finding.kind, finding.metric, finding.cells) == ("limit", "oom_kills", 2)
    assert finding.explanation["runs"]["c0"] == {"limit": 0.0, "runs": ["run-1"]}
    assert verdict.exit_code == 2


def test_a_limit_holds_without_a_baseline():
    verdict = judged({}, {("a", "oom_kills"): [0, 2]})
    assert [cell.verdict for cell in verdict.cells] == [Verdict.REGRESSED]


COVERED = StagePolicy(coverage=(TierCoverage(tier=3, allowed_missing_share=0.1),))


@pytest.mark.parametrize(("missing", "exit_code"), [(1, 0), (2, 4)])
def test_a_campaign_of_which_too_much_is_missing_is_a_data_fault(missing, exit_code):
    current = dict(list(ALL.items())[missing:])
    verdict = judged(ALL, current, policy=COVERED)
    assert verdict.exit_code == exit_code
    assert verdict.counts["insufficient_data"] == missing
    gone = [cell for cell in verdict.cells if cell.n_current == 0]
    assert all("missing_in_current" in cell.flags for cell in gone)


def test_an_expected_combination_that_has_nothing_at_all_counts_as_missing():
    context = CampaignContext(expected_combinations=(*(c for c, _ in ALL), "new-1", "new-2"))
    assert judged(ALL, ALL, policy=COVERED, context=context).exit_code == 4


def test_why_a_value_is_missing_is_in_the_explanation():
    context = CampaignContext(missing={("c0", "duration_s"): "the application never ended"})
    cell = judged(ALL, dict(list(ALL.items())[1:]), context=context).cells[0]
    assert cell.explanation["missing_because"] == "the application never ended"


def test_failed_load_runs_are_a_regression_and_not_a_gap():
    context = CampaignContext(failed_runs={"c0": ("run-1", "run-2")}, attempted_runs={"c0": 2})
    current = dict(list(ALL.items())[1:])
    verdict = judged(ALL, current, policy=COVERED, context=context)
    (finding,) = verdict.findings
    assert (finding.kind, finding.metric, finding.combinations) == ("limit", "failed_runs", ("c0",))
    assert finding.explanation["shares"] == {"c0": 1.0}
    assert verdict.exit_code == 2


def test_failed_runs_within_the_allowance_are_told_in_a_note():
    policy = StagePolicy(gate=GatePolicy(allowed_failed_run_share=0.2))
    context = CampaignContext(failed_runs={"c0": ("run-6",)}, attempted_runs={"c0": 6})
    verdict = judged(ALL, ALL, policy=policy, context=context)
    assert verdict.findings == ()
    assert "1 load runs failed in 1 combinations" in verdict.notes


def test_one_regressed_cell_of_ten_fails_the_campaign():
    verdict = judged(ALL, slower_in(["c3"]))
    assert (verdict.verdict, verdict.exit_code) == (Verdict.REGRESSED, 2)
    assert verdict.counts == {"regressed": 1, "unchanged": 9}
    assert [f.combinations for f in verdict.findings] == [("c3",)]
