"""What the gate does when people already have a loss in hand, and when they do not."""

import pytest

from lm_assets.model.alert import AlertState
from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.verdict.known_losses import remaining_verdict
from lm_assets_tests.builders import COMBINATION, a_cell, a_finding, a_verdict
from lm_assets_tests.reports.gate.materials import an_alert, of_cell, unchanged

POLICY = GatePolicy()


def a_regressed(cells=(), findings=()):
    cells = (a_cell(), *cells)
    own = [of_cell(c) for c in cells if c.verdict is Verdict.REGRESSED]
    return a_verdict(cells, findings=(*findings, *own))


def test_without_alerts_the_verdict_is_the_campaigns_own():
    left = remaining_verdict(a_regressed(), (), POLICY)
    assert (left.verdict, left.exit_code) == (Verdict.REGRESSED, 2)


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.ACCEPTED])
def test_a_loss_that_somebody_has_does_not_block(state):
    left = remaining_verdict(a_regressed(), [an_alert(state=state)], POLICY)
    assert (left.verdict, left.exit_code) == (Verdict.UNCHANGED, 0)
    assert set(left.cells) == {(COMBINATION, "duration_s")}
    assert set(left.findings) == {0}


def test_an_open_alert_excuses_nothing():
    left = remaining_verdict(a_regressed(), [an_alert(state=AlertState.OPEN)], POLICY)
    assert (left.exit_code, dict(left.cells)) == (2, {})


def test_a_loss_that_grew_since_people_spoke_of_it_blocks():
    assert remaining_verdict(a_regressed(), [an_alert(has_worsened=True)], POLICY).exit_code == 2


def test_a_new_open_alert_beside_an_accepted_one_blocks():
    alerts = [an_alert(state=AlertState.ACCEPTED), an_alert(state=AlertState.OPEN)]
    assert remaining_verdict(a_regressed(), alerts, POLICY).exit_code == 2


@pytest.mark.parametrize(
    "changes", [{"metric": "gc_time_pct"}, {"combinations": frozenset({"another"})}]
)
def test_an_alert_of_something_else_excuses_nothing(changes):
    assert remaining_verdict(a_regressed(), [an_alert(**changes)], POLICY).exit_code == 2


def test_a_second_loss_still_blocks():
    verdict = a_regressed([a_cell(combination="other")])
    left = remaining_verdict(verdict, [an_alert()], POLICY)
    assert (left.exit_code, len(left.cells)) == (2, 1)


def test_a_wide_finding_is_known_by_its_own_place_whatever_combinations_follow_it():
    finding = a_finding(combinations=("a", "b"))
    verdict = a_verdict([unchanged()], findings=(finding,), verdict=Verdict.REGRESSED, exit_code=2)
    own = an_alert(
        kind="dimension", located_in={"extension": "rapids"}, combinations=frozenset("a")
    )
    assert remaining_verdict(verdict, [own], POLICY).exit_code == 0
    elsewhere = an_alert(kind="dimension", located_in={"mode": "x"}, combinations=frozenset("a"))
    assert remaining_verdict(verdict, [elsewhere], POLICY).exit_code == 2


def test_a_matrix_wide_shift_is_excused_by_its_own_alert_alone():
    shift = a_finding(kind="common_shift", where={}, combinations=())
    verdict = a_verdict([unchanged()], findings=(shift,), verdict=Verdict.REGRESSED, exit_code=2)
    assert remaining_verdict(verdict, [an_alert()], POLICY).exit_code == 2
    own = an_alert(kind="common_shift", combinations=frozenset())
    assert remaining_verdict(verdict, [own], POLICY).exit_code == 0


def test_a_data_fault_stays_one_whatever_is_known_beside_it():
    verdict = a_verdict(
        [a_cell(), a_cell(combination="b", verdict=Verdict.DATA_FAULT)],
        findings=(of_cell(a_cell()),),
        verdict=Verdict.REGRESSED,
        exit_code=2,
    )
    assert remaining_verdict(verdict, [an_alert()], POLICY).exit_code == 4


def test_the_share_of_undecided_cells_is_of_all_cells_known_ones_too():
    known = [a_cell(combination=f"k{place}") for place in range(9)]
    cells = [*known, a_cell(combination="open", verdict=Verdict.INCONCLUSIVE)]
    verdict = a_verdict(cells, findings=tuple(of_cell(c) for c in known), exit_code=2)
    alert = an_alert(combinations=frozenset(c.combination for c in known))
    assert remaining_verdict(verdict, [alert], POLICY).exit_code == 0
