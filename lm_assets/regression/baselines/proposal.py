"""Proposed baselines: a planned change, and its text, from a campaign's runs alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.change import ChangePlan, plan_change
from lm_assets.regression.baselines.proposal_text import proposal_markdown
from lm_assets.regression.baselines.request import proposal_request


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A planned change and the text of its pull request."""

    plan: ChangePlan
    markdown: str


def propose(
    records: Iterable[RunRecord],
    *,
    catalogue: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Proposal:
    """Return what these runs give reason to change; the same runs always give the same documents.

    Parameters
    ----------
    records : iterable of RunRecord
        Runs of a campaign.
    catalogue : BaselineCatalogue
        The baselines as they are.
    metrics, policy : MetricCatalogue, StagePolicy
        As for `plan_change`.

    Raises
    ------
    DataFaultError
        When no run says when it ran.
    """
    records = list(records)
    plan = plan_change(
        records, proposal_request(records), catalogue=catalogue, metrics=metrics, policy=policy
    )
    markdown = proposal_markdown(plan, before=catalogue, metrics=metrics, policy=policy)
    return Proposal(plan=plan, markdown=markdown)
