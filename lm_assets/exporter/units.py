"""Names and values in base units: Prometheus knows seconds, bytes and ratios."""

import re
from dataclasses import dataclass

from lm_assets.model.errors import ConfigurationError
from lm_assets.model.metric import Metric, MetricCatalogue, Scale

# The longest ending wins. What an exported name may not end with belongs to counters, histograms
# and information, and `promtool check metrics` objects to it on a gauge.
_ENDINGS = (
    ("_core_seconds", "_core_seconds", 1.0),
    ("_gib_seconds", "_byte_seconds", 2.0**30),
    ("_rows_s", "_rows_per_second", 1.0),
    ("_fraction", "_ratio", 1.0),
    ("_percent", "_ratio", 0.01),
    ("_minutes", "_seconds", 60.0),
    ("_hours", "_seconds", 3600.0),
    ("_share", "_ratio", 1.0),
    ("_days", "_seconds", 86400.0),
    ("_pct", "_ratio", 0.01),
    ("_sec", "_seconds", 1.0),
    ("_tib", "_bytes", 2.0**40),
    ("_gib", "_bytes", 2.0**30),
    ("_mib", "_bytes", 2.0**20),
    ("_kib", "_bytes", 2.0**10),
    ("_tb", "_bytes", 1e12),
    ("_gb", "_bytes", 1e9),
    ("_mb", "_bytes", 1e6),
    ("_kb", "_bytes", 1e3),
    ("_ms", "_seconds", 1e-3),
    ("_us", "_seconds", 1e-6),
    ("_ns", "_seconds", 1e-9),
    ("_s", "_seconds", 1.0),
)
# Of what is counted a second the name's end is a rate and no time.
_RATES = ("_per_second", "_per_sec", "_per_s", "_s")
_RESERVED = re.compile(r"_(total|count|sum|bucket|info|created)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedMetric:
    """A metric as Prometheus is told it: its value times ``factor``, under ``name``."""

    metric: Metric
    name: str
    factor: float

    @property
    def result(self) -> str:
        """Name of the family of results."""
        return f"lm_result_{self.name}"

    @property
    def baseline(self) -> str:
        """Name of the family of baselines."""
        return f"lm_baseline_{self.name}"

    @property
    def quantity(self) -> str:
        """The name without its unit, as recording rules say it: ``duration``; a cost keeps it."""
        return re.sub(
            r"(?<!_core)(?<!_byte)_(((rows|bytes)_)?per_second|seconds|ratio|bytes)$", "", self.name
        )


def exported_metric(metric: Metric) -> ExportedMetric:
    """Return a metric's name and factor in base units; without a known unit both stay."""
    amount, per_second = _without_rate(metric)
    for ending, base, factor in _ENDINGS:
        if amount.endswith(ending):
            name = amount.removesuffix(ending) + base + per_second
            return ExportedMetric(metric=metric, name=name, factor=factor)
    name = amount + per_second
    if _RESERVED.search(name):
        name = f"{name}_value"
    return ExportedMetric(metric=metric, name=name, factor=1.0)


def _without_rate(metric: Metric) -> tuple[str, str]:
    if metric.unit.endswith("/s"):
        for ending in _RATES:
            if metric.name.endswith(ending):
                return metric.name.removesuffix(ending), "_per_second"
    return metric.name, ""


def headline_metrics(catalogue: MetricCatalogue) -> tuple[ExportedMetric, ...]:
    """Return the metrics that are told for every combination, performance first.

    Raises
    ------
    ConfigurationError
        When two of them would have one name in base units.
    """
    chosen = sorted((m for m in catalogue if m.headline), key=lambda m: -m.tier)
    by_name: dict[str, ExportedMetric] = {}
    for exported in map(exported_metric, chosen):
        if (other := by_name.setdefault(exported.name, exported)) is not exported:
            raise ConfigurationError(
                file="metrics.yaml",
                path="$.metrics",
                rule=f"{other.metric.name} and {exported.metric.name} are both {exported.name!r} "
                "in base units; give one of them headline: false",
            )
    return tuple(by_name.values())


def ratio_metrics(catalogue: MetricCatalogue) -> tuple[ExportedMetric, ...]:
    """Return those of the headline metrics that a ratio to the baseline is meant for."""
    return tuple(m for m in headline_metrics(catalogue) if m.metric.scale is Scale.RATIO)


def dimension_labels(names: list[str]) -> dict[str, str]:
    """Return the label of each dimension: ``dim_`` and its name, a dash as ``_``.

    Raises
    ------
    ConfigurationError
        When two dimensions would have one label.
    """
    labels = {name: f"dim_{name.replace('-', '_')}" for name in names}
    if len(set(labels.values())) != len(labels):
        raise ConfigurationError(
            file="matrix.yaml",
            path="$.dimensions",
            rule="two dimensions differ only in - and _, which are one character in Prometheus",
        )
    return labels
