"""What a person asks for when baselines are to change, and what may be overruled for it."""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.create import MINIMUM_RUNS
from lm_assets.regression.baselines.guards import Guard


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRequest:
    """Who asks for what: the reason, and what may be overruled.

    ``patterns`` select combinations as a shell selects files (none: all). ``allowed`` are the
    guards that may be overruled. ``acknowledged`` maps a metric to the finding that accepts its
    loss in the selected combinations, ``acknowledged_by`` says who accepts it. ``moves_anchor``
    pins the new samples as the anchor as well. ``only_new`` refuses combinations that have a
    baseline; ``only_due`` leaves those alone whose baseline still serves (see `due`).
    """

    now: datetime
    reason: str
    patterns: tuple[str, ...] = ()
    allowed: frozenset[Guard] = frozenset()
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    acknowledged_by: str = ""
    moves_anchor: bool = False
    only_new: bool = False
    only_due: bool = False
    minimum_runs: int = MINIMUM_RUNS

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("reason must say why these samples are accepted, got nothing")
        if self.minimum_runs < MINIMUM_RUNS:
            raise ValueError(
                f"minimum_runs must be {MINIMUM_RUNS} or above, got {self.minimum_runs!r}"
            )
        if self.acknowledged and not self.acknowledged_by.strip():
            raise ValueError("acknowledged_by must say who accepts the loss, got nothing")
        if self.acknowledged and not self.patterns:
            raise ValueError(
                "patterns must name the combinations that the acknowledged finding is about "
                "('*' for all), got none: a loss elsewhere would be accepted unseen"
            )


def proposal_request(records: Iterable[RunRecord]) -> ChangeRequest:
    """Return the request of a proposal made from these runs: only what is due.

    It is dated with the newest run, not with today, so that the same runs always give the same
    proposal, and none that goes back behind a later baseline.

    Raises
    ------
    DataFaultError
        When no run says when it ran.
    """
    records = list(records)
    campaigns = ", ".join(sorted({record.campaign for record in records}))
    moments = [m for record in records if (m := record.ended_at or record.started_at) is not None]
    if not moments:
        raise DataFaultError(f"no run of {campaigns} says when it ran: a proposal cannot be dated")
    return ChangeRequest(now=max(moments), reason=f"proposed from {campaigns}", only_due=True)


def is_selected(combination: str, patterns: Sequence[str]) -> bool:
    """Return whether a combination matches one of the patterns, or there are none."""
    return not patterns or any(fnmatch.fnmatchcase(combination, p) for p in patterns)
