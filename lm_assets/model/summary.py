"""Descriptive statistics of one metric of one combination in one campaign."""

import math
from dataclasses import dataclass

_FIGURES = (
    *("mean", "median", "stddev", "cv", "ci95_low", "ci95_high"),
    *("p05", "p25", "p75", "p95", "minimum", "maximum"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricSummary:
    """Campaign × combination × metric. ``None`` where a figure is not defined for this ``n``.

    ``outlier_runs`` are the runs outside the 1.5 × IQR fences: flagged, never removed. ``sources``
    are what measured the runs, each once, sorted; lower bounds by a source are named apart, and it
    is empty where nobody said.
    """

    campaign: str
    combination: str
    metric: str
    unit: str
    n: int
    n_missing: int
    mean: float | None
    median: float | None
    stddev: float | None
    cv: float | None
    ci95_low: float | None
    ci95_high: float | None
    p05: float | None
    p25: float | None
    p75: float | None
    p95: float | None
    minimum: float | None
    maximum: float | None
    outlier_runs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _FIGURES:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(
                    f"{name} of {self.metric} must be finite or None, got {value!r} "
                    f"({self.combination})"
                )
