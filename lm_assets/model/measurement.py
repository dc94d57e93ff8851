"""What one source said of one load run: values, gaps with reasons, and where each came from."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

# Beyond this the squares of two values no longer fit a float, and a variance is made of squares.
LARGEST_VALUE = 1e150


def out_of_bounds(value: float) -> str | None:
    """Return why no statistic can hold a value, or None where one can.

    Examples
    --------
    >>> out_of_bounds(1e155), out_of_bounds(float("nan")), out_of_bounds(12.5)
    ('1e+155 is beyond ±1e+150', 'nan is beyond ±1e+150', None)
    """
    return None if abs(value) <= LARGEST_VALUE else f"{value:g} is beyond ±{LARGEST_VALUE:g}"


_NOT_DERIVED: Mapping[str, tuple[str, ...]] = {}


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return f"{low:g} or more"
    return f"at most {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurements:
    """Metric values of one load run from one source, or merged from several.

    A metric is either in ``values`` (finite) or in ``missing`` (with the reason), never in both.
    ``provenance`` names the source of each value.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if not math.isfinite(value):
                raise ValueError(f"values[{name}] must be finite, got {value!r}")
        if both := self.values.keys() & self.missing.keys():
            raise ValueError(f"a metric has a value or is missing, not both: {sorted(both)}")
        if without := self.values.keys() - self.provenance.keys():
            raise ValueError(f"values must name their source: {sorted(without)}")

    def merged_with(self, later: "Measurements") -> "Measurements":
        """Return these measurements with gaps filled from ``later``: the first available wins.

        Where neither source has a value, the reasons of both are kept.
        """
        values = {**later.values, **self.values}
        missing: dict[str, str] = {}
        for name in [*self.missing, *later.missing]:
            if name not in values and name not in missing:
                reasons = [s.missing[name] for s in (self, later) if name in s.missing]
                missing[name] = "; ".join(dict.fromkeys(reasons))
        # A source may say where it looked for what it did not find; that is nobody's provenance.
        provenance = {
            name: (self if name in self.values else later).provenance[name] for name in values
        }
        return Measurements(values=values, missing=missing, provenance=provenance)

    def within(
        self,
        bounds: Mapping[str, tuple[float, float]],
        *,
        whole: Collection[str] = (),
        derived_from: Mapping[str, tuple[str, ...]] = _NOT_DERIVED,
    ) -> "Measurements":
        """Return these measurements without values that their metric cannot have.

        ``bounds`` are the least and the most by metric; a value beyond is missing and says so.
        Those of ``whole`` metrics are whole numbers. What is ``derived_from`` a metric that is
        missing for that is missing too, for the same reason.
        """
        beyond = dict(self._beyond(bounds, whole))
        if not beyond:
            return self
        for name, sources in derived_from.items():
            if name in self.values:
                reasons = [f"derived from {s}: {beyond[s]}" for s in sources if s in beyond]
                beyond.update({name: reasons[0]} if reasons else {})
        return Measurements(
            values={n: v for n, v in self.values.items() if n not in beyond},
            missing={**self.missing, **beyond},
            provenance={n: p for n, p in self.provenance.items() if n not in beyond},
        )

    def _beyond(
        self, bounds: Mapping[str, tuple[float, float]], whole: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Yield the metrics that cannot have their value, and the rule and the value."""
        for name, value in self.values.items():
            low, high = bounds.get(name, (-math.inf, math.inf))
            rule = ""
            if not low <= value <= high:
                rule = f"{value:g} is beyond what it can be ({_range(low, high)})"
            elif name in whole and value % 1:
                rule = f"{value:g} is beyond what it can be (a whole number)"
            if rule:
                yield name, f"{self.provenance[name]}: {rule}"
