"""Baselines: the accepted samples of every metric, per combination."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from lm_assets.model.campaign import Subject
from lm_assets.model.measurement import LARGEST_VALUE

LARGEST_SAMPLE = LARGEST_VALUE


class BaselineStatus(StrEnum):
    """Whether a baseline entry takes part in judgement."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricBaseline:
    """The accepted samples of one metric, and what is derived from them.

    ``samples`` are in run order, in the metric's unit; ``stddev`` has n − 1 in its denominator;
    ``ci95`` is the t interval of the mean. Derived values are recomputed and checked on load.
    ``sources`` names what measured each sample; empty where that was not kept.
    """

    samples: tuple[float, ...]
    mean: float
    stddev: float | None
    ci95: tuple[float, float] | None
    sources: tuple[str, ...] = ()

    @classmethod
    def of_samples(cls, samples: Iterable[float], sources: Iterable[str] = ()) -> "MetricBaseline":
        """Return the samples with their derived values.

        Sums are correctly rounded (``math.fsum``), so that the same samples give the same file
        on every machine. One sample has neither ``stddev`` nor ``ci95``.

        Raises
        ------
        ValueError
            When there is no sample, or one is not finite or beyond ``LARGEST_SAMPLE``; when there
            are sources and not one a sample.
        """
        values, named = tuple(map(float, samples)), tuple(sources)
        if not values:
            raise ValueError("samples must hold at least one value, got none")
        for value in values:
            if not abs(value) <= LARGEST_SAMPLE:
                raise ValueError(f"samples must lie within ±{LARGEST_SAMPLE:g}, got {value!r}")
        n = len(values)
        if named and len(named) != n:
            raise ValueError(f"sources must name one for each of {n} samples, got {len(named)}")
        mean = math.fsum(values) / n
        if n == 1:
            return cls(samples=values, mean=mean, stddev=None, ci95=None, sources=named)
        stddev = math.sqrt(math.fsum([(value - mean) ** 2 for value in values]) / (n - 1))
        half = _student_t_975(n - 1) * stddev / math.sqrt(n)
        ci95 = (mean - half, mean + half)
        return cls(samples=values, mean=mean, stddev=stddev, ci95=ci95, sources=named)


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRun:
    """A load run that was offered for a baseline and not accepted, with why."""

    campaign: str
    run_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AcknowledgedFinding:
    """A slow-down of one metric that somebody accepted: which finding, who, why, and how much.

    ``loss`` is the degradation against the samples that were replaced, ``loss_since_anchor`` that
    against the anchor: relative for ``ratio`` metrics, else in the metric's unit; ``None`` where
    it is not defined.
    """

    finding: str
    by: str
    at: str
    reason: str
    loss: float | None
    loss_since_anchor: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineAnchor:
    """The pinned samples (of a release) that drift is measured against; moves only when asked.

    ``samples`` maps each metric to its samples in run order, ``sources`` each metric to what
    measured them, where that was kept.
    """

    set_at: str
    source_campaigns: tuple[str, ...]
    reason: str
    samples: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The reviewed baseline of one combination.

    ``runs`` are the accepted runs in run order, ``nodes`` the machine of each that is known.
    ``allowed_guards`` maps each guard that was overruled when the samples were accepted to what it
    had found; ``acknowledged_findings`` maps each metric whose slow-down was accepted to its
    acknowledgement, kept until the anchor moves.
    ``behaviour`` has the counters on which the runs agree exactly (`lm_assets.model.behaviour`).
    """

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
    runs: tuple[str, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    rejected_runs: tuple[RejectedRun, ...] = ()
    allowed_guards: Mapping[str, str] = field(default_factory=dict)
    acknowledged_findings: Mapping[str, AcknowledgedFinding] = field(default_factory=dict)
    anchor: BaselineAnchor | None = None
    behaviour: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineCatalogue:
    """Every baseline by combination, and the digest of the file's content they were read from.

    ``revision`` is the version-control revision of that content, empty when there is none.
    """

    entries: Mapping[str, Baseline] = field(default_factory=dict)
    digest: str = ""
    revision: str = ""

    @property
    def active(self) -> Mapping[str, Baseline]:
        """The baselines that campaigns are judged against, by combination."""
        return {n: e for n, e in self.entries.items() if e.status is BaselineStatus.ACTIVE}


@lru_cache(maxsize=1024)
def _student_t_975(degrees_of_freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t; found by bisection of the angle atan(t / √ν)."""
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _central_probability(middle, degrees_of_freedom) < 0.95:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees_of_freedom) * math.tan(middle)


def _central_probability(theta: float, degrees_of_freedom: int) -> float:
    """Return P(|T| < √ν tan θ) by the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    cosine, is_odd = math.cos(theta), degrees_of_freedom % 2
    total, term = 0.0, cosine if is_odd else 1.0
    for k in range(degrees_of_freedom // 2):
        total += term
        term *= cosine * cosine * (2 * k + 1 + is_odd) / (2 * k + 2 + is_odd)
    series = math.sin(theta) * total
    return (theta + series) * 2 / math.pi if is_odd else series
