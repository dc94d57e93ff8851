"""What a campaign's load runs say of the campaign itself, kept longer than the runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.campaign import Subject
from lm_assets.model.record import RunRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignFacts:
    """Of one campaign: what was tested, where, when, and how many load runs there were.

    ``started_at`` is the start of the earliest load run and ``ended_at`` the end of the latest,
    UTC; None when no run says. ``combinations`` has the dimension values of each combination that
    was run, by its id.
    """

    campaign: str
    subject: Subject
    environment: Mapping[str, str]
    started_at: datetime | None
    ended_at: datetime | None
    runs: int
    failed_runs: int
    combinations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of_records(cls, campaign: str, records: Sequence[RunRecord]) -> "CampaignFacts":
        """Return what all the load runs of a campaign say of it; every run has the same subject."""
        started = [r.started_at for r in records if r.started_at is not None]
        ended = [r.ended_at for r in records if r.ended_at is not None]
        return cls(
            campaign=campaign,
            subject=records[0].subject if records else Subject(),
            environment=dict(records[0].environment) if records else {},
            started_at=min(started, default=None),
            ended_at=max(ended, default=None),
            runs=len(records),
            failed_runs=sum(r.is_failed for r in records),
            combinations={r.combination: dict(r.dimensions) for r in records},
        )
