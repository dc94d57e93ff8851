"""A campaign's fresh runs: which of them count, and what its suspected cells ask for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lm_assets.model.baseline import Baseline, BaselineCatalogue
from lm_assets.model.campaign import CONFIRMATION_SIDES, Manifest, confirmation_side
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.campaign_samples import current_rows
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.confirmation.fresh_runs import ConfirmationSamples
from lm_assets.regression.confirmation.request import ConfirmationSubjects, confirmation_request


def campaign_confirmation_request(
    verdict: CampaignVerdict,
    manifest: Manifest,
    *,
    catalogue: BaselineCatalogue,
    policy: RegressionPolicy,
) -> Mapping[str, object] | None:
    """Return which fresh runs, of what, a campaign's suspected cells ask for; None for none."""
    subjects = ConfirmationSubjects(current=manifest.subject, baseline=catalogue.entries)
    return confirmation_request(verdict, policy.stages[manifest.stage], subjects)


def of_these_baselines(
    fresh: Sequence[RunRecord], baselines: Mapping[str, Baseline]
) -> Sequence[RunRecord]:
    """Return the fresh runs without those of a baseline that has been replaced since.

    A baseline side that ran before its combination's baseline was last accepted is of another
    subject than the one that the campaign is now compared with.
    """
    accepted = {name: datetime.fromisoformat(entry.updated_at) for name, entry in baselines.items()}
    return [
        record
        for record in fresh
        if confirmation_side(record.run_id) != "baseline"
        or record.started_at is None
        or record.combination not in accepted
        or record.started_at >= accepted[record.combination]
    ]


def confirmation_samples(
    fresh: Sequence[RunRecord], metrics: MetricCatalogue
) -> ConfirmationSamples | None:
    """Return fresh runs by side; None where none has landed."""
    if not fresh:
        return None
    baseline, current = (
        SampleTable.from_rows(
            current_rows((r for r in fresh if confirmation_side(r.run_id) == side), metrics)
        )
        for side in CONFIRMATION_SIDES
    )
    return ConfirmationSamples(baseline=baseline, current=current)
