"""Who is told: of the verdicts that the policy names, and of a suspicion's end."""

import pytest

from lm_assets.alerts.due import is_due
from lm_assets.model.policy import AlertPolicy
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets_tests.builders import a_cell, a_verdict

TOLD = AlertPolicy(verdicts=(Verdict.REGRESSED, Verdict.SUSPECTED))
CLEARED = ConfirmationState(asked=1, outcomes={"unchanged": 1})


def verdict(name, confirmation=None):
    return a_verdict([a_cell(verdict=name)], confirmation=confirmation)


@pytest.mark.parametrize(
    ("judged", "policy", "expected"),
    [
        pytest.param(verdict(Verdict.REGRESSED), TOLD, True, id="named"),
        pytest.param(verdict(Verdict.UNCHANGED), TOLD, False, id="not named"),
        pytest.param(verdict(Verdict.UNCHANGED, CLEARED), TOLD, True, id="suspicion cleared"),
        pytest.param(
            verdict(Verdict.UNCHANGED, ConfirmationState(asked=1)), TOLD, False, id="still asked"
        ),
        pytest.param(
            verdict(Verdict.UNCHANGED, CLEARED), AlertPolicy(), False, id="never told of suspicions"
        ),
    ],
)
def test_a_message_is_due(judged, policy, expected):
    assert is_due(judged, policy) is expected
