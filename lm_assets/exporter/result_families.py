"""Families with a series a combination: what it is, its results, baselines and degradations."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from lm_assets.exporter.campaign_families import fresh_campaigns
from lm_assets.exporter.family_text import TextFamily, label_text
from lm_assets.exporter.settings import ExporterSettings
from lm_assets.model.standing import Degradation, Figure, Standing

# By the unit of a degradation in the warehouse: the family's ending and the factor.
_DEGRADATION_UNITS = {"relative": ("ratio", 1.0), "points": ("points_ratio", 0.01)}
_EVENTS = ("events_per_run", 1.0)


def result_families(
    standing: Standing, settings: ExporterSettings, *, now: datetime
) -> Iterator[TextFamily]:
    """Give the families of combinations, the least dispensable first."""
    stages = {c.stage for c in fresh_campaigns(standing, settings, now=now)}
    yield from _degradations(standing, stages)
    results = _by_metric(f for f in standing.results if f.stage in stages)
    baselines = _by_metric(standing.baselines)
    shown = {f.combination for figures in results.values() for f in figures}
    yield _combinations(standing, settings, shown)
    of_combination = {name: label_text([("combination", name)]) for name in shown}
    of_stage = {stage: label_text([("stage", stage)]) for stage in stages}
    for exported in settings.metrics:
        unit = f"{exported.metric.label} ({exported.metric.unit}), told in base units"
        factor = exported.factor
        yield TextFamily(
            name=exported.result,
            documentation=f"{unit}: mean of the load runs of the latest judged campaign of a "
            "stage.",
            samples=[
                (f"{of_stage[f.stage]},{of_combination[f.combination]}", f.value * factor)
                for f in results.get(exported.metric.name, ())
            ],
        )
        yield TextFamily(
            name=exported.baseline,
            documentation=f"{unit}: mean of the baseline that the latest of these campaigns was "
            "judged against.",
            samples=[
                (of_combination[f.combination], f.value * factor)
                for f in baselines.get(exported.metric.name, ())
                if f.combination in shown
            ],
        )


def _combinations(standing: Standing, settings: ExporterSettings, shown: set[str]) -> TextFamily:
    samples = []
    for combination in sorted(shown):
        values = standing.dimensions.get(combination, {})
        of_dimensions = [
            (label, values.get(name, "")) for name, label in settings.dimension_labels.items()
        ]
        samples.append((label_text([("combination", combination), *of_dimensions]), 1.0))
    return TextFamily(
        name="lm_combination_info",
        documentation="Dimension values of a combination that has results; always 1.",
        samples=samples,
    )


def _degradations(standing: Standing, stages: set[str]) -> Iterator[TextFamily]:
    for unit, factor in (*_DEGRADATION_UNITS.values(), _EVENTS):
        yield TextFamily(
            name=f"lm_cell_degradation_{unit}",
            documentation="How much worse (above 0) or better a judged cell is that is not "
            "unchanged.",
            samples=[
                (_cell_labels(d), d.value * factor)
                for d in standing.degradations
                if d.stage in stages and _DEGRADATION_UNITS.get(d.unit, _EVENTS)[0] == unit
            ],
        )


def _cell_labels(d: Degradation) -> str:
    return label_text([("stage", d.stage), ("combination", d.combination), ("metric", d.metric)])


def _by_metric(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.metric, []).append(figure)
    return found
