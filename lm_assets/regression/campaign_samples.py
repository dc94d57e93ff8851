"""Records and baselines as rows of samples: combination, metric, run, value."""

from collections.abc import Iterable, Iterator, Mapping

from lm_assets.model.baseline import Baseline
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.provenance import UNKNOWN_SOURCE, is_at_least, source_of
from lm_assets.model.record import RunRecord

# Combination, metric, run, value; what measured it, and whether it is a lower bound.
SampleRow = tuple[str, str, str, float, str, bool]


def baseline_rows(baselines: Mapping[str, Baseline]) -> Iterator[SampleRow]:
    """Yield the accepted samples; their runs are numbered in the order of acceptance."""
    for name, entry in baselines.items():
        for metric, baseline in entry.metrics.items():
            sources = baseline.sources or (UNKNOWN_SOURCE,) * len(baseline.samples)
            for number, (value, source) in enumerate(
                zip(baseline.samples, sources, strict=True), start=1
            ):
                yield name, metric, f"baseline-{number}", value, source, False


def current_rows(records: Iterable[RunRecord], metrics: MetricCatalogue) -> Iterator[SampleRow]:
    """Yield the samples of a campaign's runs.

    Of a run that failed only the stability counts are samples: how long it took to fail, and with
    what resources, says nothing of the work that it did not do.
    """
    for record in records:
        for metric, value in record.metrics.items():
            counts = not record.is_failed or metric in record.tier1_stability
            if counts and metric in metrics:
                provenance = record.provenance.get(metric, UNKNOWN_SOURCE)
                source, is_bound = source_of(provenance), is_at_least(provenance)
                yield record.combination, metric, record.run_id, value, source, is_bound
