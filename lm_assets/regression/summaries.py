"""Descriptive statistics of a campaign's records, one row a combination and metric."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.provenance import (
    UNKNOWN_SOURCE,
    is_at_least,
    lower_bound_of,
    source_of,
)
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.stats.describe import Description, describe
from lm_assets.stats.outliers import flag_outliers
from lm_assets.stats.ragged import RaggedSamples

_OF_RUNS = frozenset({"outlier_runs", "sources"})

_FIGURES = tuple(
    (f.name, {"ci95_low": "ci_low", "ci95_high": "ci_high"}.get(f.name, f.name))
    for f in fields(MetricSummary)
    if f.name not in {"campaign", "combination", "metric", "unit", "n_missing", *_OF_RUNS}
)


class _Run(NamedTuple):
    """What is described of a load run."""

    run_id: str
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]

    @classmethod
    def of(cls, record: RunRecord) -> "_Run":
        return cls(record.run_id, record.metrics, record.provenance)


def summarise(records: Iterable[RunRecord], metrics: MetricCatalogue) -> list[MetricSummary]:
    """Return the summary of every metric of every combination, sorted by combination.

    Every metric of the catalogue has a row for every combination, also where no run has a value:
    then ``n`` is 0 and every figure is ``None``. Runs that failed are described like the others;
    they are left out of the judgement, not out of the description.
    """
    by_cell: dict[tuple[str, str], list[_Run]] = {}
    for record in records:
        by_cell.setdefault((record.campaign, record.combination), []).append(_Run.of(record))
    rows: list[MetricSummary] = []
    for metric in metrics:
        name = metric.name
        runs_with = [[run for run in runs if name in run.metrics] for runs in by_cell.values()]
        samples = RaggedSamples.from_lists(
            [[run.metrics[name] for run in runs] for runs in runs_with]
        )
        described = describe(samples)
        outliers = _outlier_runs(samples, runs_with)
        for index, ((campaign, combination), runs) in enumerate(by_cell.items()):
            rows.append(
                MetricSummary(
                    campaign=campaign,
                    combination=combination,
                    metric=name,
                    unit=metric.unit,
                    n_missing=len(runs) - len(runs_with[index]),
                    outlier_runs=outliers[index],
                    sources=_sources(name, runs_with[index]),
                    **_figures(described, index),
                )
            )
    order = {name: position for position, name in enumerate(metrics.names)}
    return sorted(rows, key=lambda s: (s.combination, order[s.metric]))


def _outlier_runs(samples: RaggedSamples, runs: Sequence[Sequence[_Run]]) -> list[tuple[str, ...]]:
    flags = flag_outliers(samples).is_outlier
    bounds = zip(samples.offsets[:-1], samples.offsets[1:], strict=True)
    return [
        tuple(run.run_id for run, is_out in zip(cell, flags[low:high], strict=True) if is_out)
        for cell, (low, high) in zip(runs, bounds, strict=True)
    ]


def _sources(metric: str, runs: Iterable[_Run]) -> tuple[str, ...]:
    named = {_source(run.provenance.get(metric, UNKNOWN_SOURCE)) for run in runs}
    return tuple(sorted(named - {UNKNOWN_SOURCE}))


def _source(provenance: str) -> str:
    source = source_of(provenance)
    return lower_bound_of(source) if is_at_least(provenance) else source


def _figures(described: Description, index: int) -> dict[str, Any]:
    values = {name: getattr(described, column)[index].item() for name, column in _FIGURES}
    return {name: None if math.isnan(value) else value for name, value in values.items()}
