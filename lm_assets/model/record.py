"""The canonical record of one load run, and lines that could not become one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lm_assets.model.campaign import Subject
from lm_assets.model.measurement import out_of_bounds

NODES = "nodes"
# What load runners call the machine that a run was on.
_NODE_FIELDS = ("node", "node_name", "host", "hostname")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceObject:
    """The stored object and line that a record came from."""

    key: str
    etag: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """Everything known of one load run; the unit of analysis.

    The three tiers hold finite numbers by metric name; every known metric that is in none of them
    is in ``missing`` with the reason. Unknown fields of the result line are kept in ``extra``.
    Times are in UTC, so that equal moments have equal stored forms.
    """

    campaign: str
    combination: str
    dimensions: Mapping[str, str]
    run_id: str
    started_at: datetime | None
    ended_at: datetime | None
    subject: Subject = field(default_factory=Subject)
    environment: Mapping[str, str] = field(default_factory=dict)
    tier1_stability: Mapping[str, float] = field(default_factory=dict)
    tier2_efficiency: Mapping[str, float] = field(default_factory=dict)
    tier3_performance: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    source_object: SourceObject
    exit_code: int | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, moment in (("started_at", self.started_at), ("ended_at", self.ended_at)):
            if moment is not None and moment.utcoffset() != timedelta(0):
                raise ValueError(f"{name} must be in UTC, got {moment.isoformat()}")
        values = self._values
        for name, value in values.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} must be finite or missing, got {value!r}")
        if both := values.keys() & self.missing.keys():
            raise ValueError(f"a metric has a value or is missing, not both: {sorted(both)}")

    @property
    def metrics(self) -> Mapping[str, float]:
        """Every value of the three tiers by metric name that a statistic can hold.

        A record that an earlier version stored may have others: they count as missing, or one of
        them would keep the whole campaign from its verdict.
        """
        return {n: value for n, value in self._values.items() if out_of_bounds(value) is None}

    @property
    def _values(self) -> Mapping[str, float]:
        return {**self.tier1_stability, **self.tier2_efficiency, **self.tier3_performance}

    @property
    def node(self) -> str:
        """The machine that the run was on, all of them where there were several; empty if unknown.

        What the result line says comes first, then what pods or event log named.
        """
        for name in _NODE_FIELDS:
            said = self.extra.get(name)
            if isinstance(said, str) and said:
                return said
        found = self.extra.get(NODES)
        return ", ".join(map(str, found)) if isinstance(found, list | tuple) else ""

    @property
    def is_failed(self) -> bool:
        """Whether the load run itself ended with an error."""
        return self.exit_code is not None and self.exit_code != 0


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantinedLine:
    """A rejected piece of input, whole, with the rule it broke."""

    campaign: str
    key: str
    line: int | None
    rule: str
    detail: str
    content: str
