"""Baselines: the accepted samples of every metric, per combination."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lm_assets.model.campaign import Subject


class BaselineStatus(StrEnum):
    """Whether a baseline entry takes part in judgement."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricBaseline:
    """The accepted samples of one metric, and what is derived from them.

    ``samples`` are in run order, in the metric's unit; ``stddev`` has n − 1 in its denominator;
    ``ci95`` is the t interval of the mean. Derived values are recomputed and checked on load.
    """

    samples: tuple[float, ...]
    mean: float
    stddev: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The reviewed baseline of one combination."""

    combination: str
    status: BaselineStatus
    sample_size: int
    created_at: str
    updated_at: str
    source_campaigns: tuple[str, ...]
    reason: str
    subject: Subject = field(default_factory=Subject)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricBaseline] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineCatalogue:
    """Every baseline by combination, and the digest of the file's content they were read from."""

    entries: Mapping[str, Baseline] = field(default_factory=dict)
    digest: str = ""
    revision: str = ""
