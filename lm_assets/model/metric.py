"""Metrics: named quantities with a tier, a unit, a direction and a scale."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from lm_assets.model.measurement import Measurements

_UNLIMITED: Mapping[str, float] = {}
# Beyond, two numbers of events are one number.
_LARGEST_COUNT = 2.0**53
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Tier(IntEnum):
    """What a metric speaks of."""

    STABILITY = 1
    EFFICIENCY = 2
    PERFORMANCE = 3


class Direction(StrEnum):
    """Which way is better; ``NONE`` is shown and never judged."""

    LOWER = "lower"
    HIGHER = "higher"
    NONE = "none"


class Scale(StrEnum):
    """How two values are compared: by ratio, by absolute points, or as events per run."""

    RATIO = "ratio"
    POINTS = "points"
    COUNT = "count"

    @property
    def change_unit(self) -> str:
        """Unit of a change on this scale; ``relative`` is a share, 0.2 for 20 %."""
        return {Scale.RATIO: "relative", Scale.POINTS: "points"}.get(self, "events/run")


class Ceiling(StrEnum):
    """What bounds a metric in one run, where that is not a number known beforehand."""

    LIMIT_TIMES_WINDOW = "limit x window"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricField:
    """A field of result lines that holds a metric, and the factor to the metric's unit."""

    name: str
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name must not be empty")
        if not (math.isfinite(self.factor) and self.factor > 0.0):
            raise ValueError(f"factor must be finite and above 0, got {self.factor!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One named quantity.

    ``noise_floor`` is the smallest standard deviation believed of it, in relative terms for
    ``ratio`` metrics and in the metric's own unit otherwise: five identical durations are a
    coarse clock, not a noiseless system. ``limit`` is a hard upper bound per run. A
    ``headline`` metric is one of those that Prometheus is told for every combination.

    ``minimum`` and ``maximum`` say what a value can be at all: beyond them is no measurement. So is
    more than ``at_most``, where the run's own bound is known: what its containers' limits allow in
    its window.
    What is ``derived_from`` another metric is no better than that one in the same source.
    ``comparable_sources`` are classes of sources whose figures are shown to be the same quantity;
    a source in none of them is a class by itself, and classes are never compared.

    ``fields`` of a result line that hold it, the first that is given wins. Its own name is always
    one: the first, unless it stands among them.
    """

    name: str
    tier: Tier
    unit: str
    direction: Direction
    scale: Scale
    noise_floor: float = 0.0
    limit: float | None = None
    title: str = ""
    headline: bool = True
    minimum: float | None = None
    maximum: float | None = None
    at_most: Ceiling | None = None
    derived_from: tuple[str, ...] = ()
    comparable_sources: tuple[tuple[str, ...], ...] = ()
    fields: tuple[MetricField, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name must be 1 to 63 of a-z 0-9 _ with a letter first, got {self.name!r}"
            )
        if not (math.isfinite(self.noise_floor) and self.noise_floor >= 0.0):
            raise ValueError(f"noise_floor must be finite and not negative: {self.noise_floor!r}")
        if self.limit is not None and not math.isfinite(self.limit):
            # Nothing is above NaN: such a limit would never be found broken.
            raise ValueError(f"limit must be finite, got {self.limit!r}")
        self._check_bounds()
        named = [source for group in self.comparable_sources for source in group]
        if twice := sorted({source for source in named if named.count(source) > 1}):
            raise ValueError(f"a source is in one class of comparable_sources, not two: {twice}")

    def _check_bounds(self) -> None:
        for name, bound in (("minimum", self.minimum), ("maximum", self.maximum)):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"{name} must be finite, got {bound!r}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"minimum must not be above maximum, got {self.minimum!r} and {self.maximum!r}"
            )

    @property
    def label(self) -> str:
        """What a person reads: the title, else the name."""
        return self.title or self.name

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that a value can be; infinite where nothing bounds it."""
        low = -math.inf if self.minimum is None else self.minimum
        return low, math.inf if self.maximum is None else self.maximum

    def rule_broken(self, value: float) -> str | None:
        """Return the rule that a value breaks, None where it can be one of this metric."""
        if self.scale is Scale.RATIO and value <= 0.0:
            return "a ratio metric must be above zero"
        if self.scale is Scale.POINTS and value < 0.0:
            return "a percentage must not be below zero"
        if self.scale is Scale.COUNT and not (0.0 <= value <= _LARGEST_COUNT and value % 1 == 0):
            return "events must be a whole number, zero or above, that can be counted (to 2^53)"
        low, high = self.bounds
        if low <= value <= high:
            return None
        if math.isinf(high):
            return f"{self.name} is {low:g} {self.unit} or more"
        return f"{self.name} is from {max(low, 0.0):g} to {high:g} {self.unit}"

    def class_of(self, source: str) -> str:
        """Return the class that a source's figures belong to, named after its first source."""
        return next((group[0] for group in self.comparable_sources if source in group), source)

    @property
    def is_judged(self) -> bool:
        """Whether this metric takes part in verdicts."""
        return self.direction is not Direction.NONE


@dataclass(frozen=True, slots=True)
class MetricCatalogue:
    """Every metric the platform knows, in the order in which they are shown."""

    metrics: tuple[Metric, ...]
    _by_name: Mapping[str, Metric] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {metric.name: metric for metric in self.metrics}
        if len(by_name) != len(self.metrics):
            raise ValueError("metrics must have distinct names")
        object.__setattr__(self, "_by_name", by_name)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Metric:
        return self._by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Metric names in display order."""
        return tuple(self._by_name)

    def bounds_of_run(self, allowed: Mapping[str, float]) -> Mapping[str, tuple[float, float]]:
        """Return the least and the most by metric, in a run whose limits are known.

        ``allowed`` is limit × window in the metric's unit, by metric, where it is known.
        """
        own = {
            metric.name: (metric.bounds[0], min(metric.bounds[1], allowed[metric.name]))
            for metric in self.metrics
            if metric.at_most is Ceiling.LIMIT_TIMES_WINDOW and metric.name in allowed
        }
        return {**self.bounds, **own}

    def possible(
        self, measured: Measurements, allowed: Mapping[str, float] = _UNLIMITED
    ) -> Measurements:
        """Return one source's measurements without what their metrics cannot be.

        ``allowed`` is as for `bounds_of_run`.
        """
        return measured.within(
            self.bounds_of_run(allowed),
            whole={m.name for m in self.metrics if m.scale is Scale.COUNT},
            derived_from={m.name: m.derived_from for m in self.metrics if m.derived_from},
        )

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """The least and the most that each metric can be."""
        return {metric.name: metric.bounds for metric in self.metrics}

    def of_tier(self, tier: Tier) -> tuple[Metric, ...]:
        """Return the metrics of one tier, in display order."""
        return tuple(metric for metric in self.metrics if metric.tier is tier)
