"""What did not come, or could not be used, is never a pass: cells, findings and the exit code."""

import dataclasses

import pytest

from lm_assets.model.policy import GatePolicy, StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets_tests.regression.small_campaigns import STEADY, judged

ALL = {(f"c{at}", "duration_s"): STEADY for at in range(10)}
WITHOUT_C0 = dict(list(ALL.items())[1:])
NAMES = tuple(name for name, _ in ALL)
NIGHTLY = "the nightly stage expects every active baseline"


def context(**changes):
    return CampaignContext(
        **{
            "expected_combinations": NAMES,
            "expected_because": NIGHTLY,
            "attempted_runs": dict.fromkeys((c for c, _ in WITHOUT_C0), 5),
            **changes,
        }
    )


def cells_of(verdict, combination):
    return [c for c in verdict.cells if c.combination == combination]


def test_what_was_expected_and_did_not_land_is_not_run_and_warns_however_few_it_is():
    policy = StagePolicy(gate=GatePolicy(allowed_undecided_share=1.0))
    verdict = judged(ALL, WITHOUT_C0, context=context(), policy=policy)
    (cell,) = cells_of(verdict, "c0")
    assert (cell.verdict, cell.decided_by) == (Verdict.NOT_RUN, "expectation")
    assert cell.explanation["not_run_because"] == NIGHTLY
    assert (verdict.verdict, verdict.exit_code) == (Verdict.NOT_RUN, 3)
    assert verdict.counts == {"not_run": 1, "unchanged": 9}
    (finding,) = verdict.findings
    assert (finding.kind, finding.combinations, finding.cells) == ("not_run", ("c0",), 1)
    assert finding.message == f"expected ({NIGHTLY}), and nothing landed of c0"


def test_the_policy_may_make_it_block():
    policy = StagePolicy(gate=GatePolicy(blocks=(Verdict.NOT_RUN,), warns=()))
    assert judged(ALL, WITHOUT_C0, context=context(), policy=policy).exit_code == 2


def test_an_expected_combination_without_a_baseline_has_a_cell_as_well():
    verdict = judged(WITHOUT_C0, WITHOUT_C0, context=context())
    (cell,) = cells_of(verdict, "c0")
    assert (cell.metric, cell.verdict) == ("load_runs", Verdict.NOT_RUN)
    assert list(verdict.cells) == sorted(verdict.cells, key=lambda c: c.combination)


@pytest.mark.parametrize("baseline", [ALL, WITHOUT_C0], ids=["with a baseline", "without"])
def test_objects_of_which_no_run_is_usable_are_a_data_fault_with_the_reasons(baseline):
    why = {"c0": ("5 × time: start_time must say its time zone",)}
    verdict = judged(baseline, WITHOUT_C0, context=context(unusable=why))
    (cell,) = cells_of(verdict, "c0")
    assert (cell.verdict, cell.decided_by) == (Verdict.DATA_FAULT, "no_usable_run")
    assert cell.explanation["no_usable_run_because"] == list(why["c0"])
    assert (verdict.verdict, verdict.exit_code) == (Verdict.DATA_FAULT, 4)
    assert "no run is usable of c0: 5 × time" in verdict.findings[0].message


def test_fewer_runs_than_promised_do_not_pass():
    short = {**ALL, ("c0", "duration_s"): STEADY[:1]}
    runs = {**dict.fromkeys(NAMES, 5), "c0": 1}
    verdict = judged(ALL, short, context=context(attempted_runs=runs, promised_runs=5))
    (cell,) = cells_of(verdict, "c0")
    assert (cell.verdict, cell.decided_by) == (Verdict.INSUFFICIENT_DATA, "promised_runs")
    assert cell.explanation["usable_runs"] == 1
    assert cell.explanation["verdict_of_these_runs"] == "unchanged"
    assert verdict.exit_code == 3
    assert verdict.findings[0].message == "fewer than the 5 runs that were promised of c0 (1)"


def test_what_fewer_runs_show_to_be_worse_is_believed():
    slower = {**ALL, ("c0", "duration_s"): [2.0 * v for v in STEADY[:4]]}
    runs = {**dict.fromkeys(NAMES, 5), "c0": 4}
    verdict = judged(ALL, slower, context=context(attempted_runs=runs, promised_runs=5))
    (cell,) = cells_of(verdict, "c0")
    assert (cell.verdict, verdict.exit_code) == (Verdict.REGRESSED, 2)
    assert "fewer_runs_than_promised" in cell.flags


def test_runs_that_failed_did_come():
    failed = context(
        attempted_runs=dict.fromkeys(NAMES, 5), failed_runs={"c0": ("run-5",)}, promised_runs=5
    )
    short = {**ALL, ("c0", "duration_s"): STEADY[:4]}
    policy = StagePolicy(gate=GatePolicy(allowed_failed_run_share=0.2))
    assert judged(ALL, short, context=failed, policy=policy).verdict is Verdict.UNCHANGED


def test_an_unfit_campaign_is_a_data_fault_whatever_its_cells_say():
    verdict = judged(ALL, ALL, context=CampaignContext(unfit=("manifest.json was refused: x",)))
    assert (verdict.verdict, verdict.exit_code) == (Verdict.DATA_FAULT, 4)
    assert verdict.notes[0] == verdict.findings[0].message == "manifest.json was refused: x"
    assert verdict.findings[0].kind == "unfit_campaign"


def test_where_everything_came_nothing_is_added():
    everything = context(attempted_runs=dict.fromkeys(NAMES, 5), promised_runs=5)
    plain = judged(ALL, ALL)
    assert dataclasses.replace(judged(ALL, ALL, context=everything)) == plain
