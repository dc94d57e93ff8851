"""Whether people are told of a campaign's verdict."""

from lm_assets.model.policy import AlertPolicy
from lm_assets.model.verdict import CampaignVerdict, Verdict


def is_due(verdict: CampaignVerdict, policy: AlertPolicy) -> bool:
    """Tell whether the stage's policy wants a message about this verdict.

    Who was told of a suspicion is told as well when fresh runs have cleared it.
    """
    is_answered = verdict.confirmation is not None and verdict.confirmation.answered > 0
    was_told = Verdict.SUSPECTED in policy.verdicts
    return verdict.verdict in policy.verdicts or (is_answered and was_told)
