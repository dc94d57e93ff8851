"""Families with a series a combination: what it is, its results, baselines and degradations."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from lm_assets.exporter.campaign_families import fresh_campaigns
from lm_assets.exporter.settings import ExporterSettings
from lm_assets.model.standing import Figure, Standing

# By the unit of a degradation in the warehouse: the family's ending and the factor.
_DEGRADATION_UNITS = {"relative": ("ratio", 1.0), "points": ("points_ratio", 0.01)}
_EVENTS = ("events_per_run", 1.0)


def result_families(
    standing: Standing, settings: ExporterSettings, *, now: datetime
) -> Iterator[GaugeMetricFamily]:
    """Give the families of combinations, the least dispensable first."""
    stages = {c.stage for c in fresh_campaigns(standing, settings, now=now)}
    yield from _degradations(standing, stages)
    results = _by_metric(f for f in standing.results if f.stage in stages)
    baselines = _by_metric(standing.baselines)
    shown = {f.combination for figures in results.values() for f in figures}
    yield _combinations(standing, settings, shown)
    for exported in settings.metrics:
        unit = f"{exported.metric.label}, {exported.metric.unit} in base units"
        result = GaugeMetricFamily(
            exported.result,
            f"{unit}: mean of the load runs of the latest judged campaign of a stage.",
            labels=["stage", "combination"],
        )
        for f in results.get(exported.metric.name, ()):
            result.add_metric([f.stage, f.combination], f.value * exported.factor)
        baseline = GaugeMetricFamily(
            exported.baseline,
            f"{unit}: mean of the baseline that the latest of these campaigns was judged against.",
            labels=["combination"],
        )
        for f in baselines.get(exported.metric.name, ()):
            if f.combination in shown:
                baseline.add_metric([f.combination], f.value * exported.factor)
        yield from (result, baseline)


def _combinations(
    standing: Standing, settings: ExporterSettings, shown: set[str]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "lm_combination_info",
        "Dimension values of a combination that has results; always 1.",
        labels=["combination", *settings.dimension_labels.values()],
    )
    for combination in sorted(shown):
        values = standing.dimensions.get(combination, {})
        labels = [values.get(name, "") for name in settings.dimension_labels]
        family.add_metric([combination, *labels], 1.0)
    return family


def _degradations(standing: Standing, stages: set[str]) -> Iterator[GaugeMetricFamily]:
    for unit, factor in (*_DEGRADATION_UNITS.values(), _EVENTS):
        family = GaugeMetricFamily(
            f"lm_cell_degradation_{unit}",
            "How much worse (above 0) or better a judged cell is that is not unchanged.",
            labels=["stage", "combination", "metric"],
        )
        for d in standing.degradations:
            if d.stage in stages and _DEGRADATION_UNITS.get(d.unit, _EVENTS)[0] == unit:
                family.add_metric([d.stage, d.combination, d.metric], d.value * factor)
        yield family


def _by_metric(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.metric, []).append(figure)
    return found
