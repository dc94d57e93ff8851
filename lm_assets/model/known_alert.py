"""Alerts as a gate sees them: what people already know of, and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.alert import AlertState

# Whoever resolves or dismisses an alert settles it: what comes after is new.
_IN_HAND = frozenset({AlertState.ACKNOWLEDGED, AlertState.ACCEPTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAlert:
    """One alert of a stage, and who said what about it.

    ``metrics`` and ``combinations`` are the cells that it covers, ``located_in`` the dimension
    values it lives in. ``has_worsened`` says that it grew after people last spoke of it: their
    word was about less.
    """

    alert_id: str
    fingerprint: str
    kind: str
    metric: str
    state: AlertState
    metrics: frozenset[str] = frozenset()
    combinations: frozenset[str] = frozenset()
    located_in: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    until: datetime | None = None
    reason: str = ""
    owner: str = ""
    reference: str = ""
    has_worsened: bool = False

    @property
    def excuses(self) -> bool:
        """Whether somebody has it, so that it need not stop anybody else."""
        return self.state in _IN_HAND and not self.has_worsened

    def covers(self, combination: str, metric: str) -> bool:
        """Whether a cell is part of it."""
        return metric in (self.metric, *self.metrics) and combination in self.combinations
