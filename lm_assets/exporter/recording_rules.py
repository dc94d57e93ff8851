"""Recording rules: derived metrics, those over dimensions made from the matrix.

Every rule first takes the series of several exporters together (``max without (instance, job)``),
so that an exporter that moved to another address, or a second one, changes no name and doubles no
number.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.exporter.units import ExportedMetric, dimension_labels, ratio_metrics
from lm_assets.model.combination import Matrix
from lm_assets.model.metric import MetricCatalogue

# Results change with a campaign, not with a scrape.
_RESULTS_INTERVAL = "1m"
_ROWS_PER_CORE_SECOND = "lm_result_rows_per_cpu_core_second"
_ITS_PARTS = ("throughput_rows_per_second", "duration_seconds", "cpu_core_seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingRule:
    """One recorded series: ``level:metric:operations``, and what it is computed from."""

    record: str
    expr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleGroup:
    """Rules that are evaluated in order; without an interval at Prometheus' own."""

    name: str
    rules: Sequence[RecordingRule]
    interval: str = ""


def recording_groups(matrix: Matrix, metrics: MetricCatalogue) -> tuple[RuleGroup, ...]:
    """Return every recording rule for a matrix and its metrics."""
    ratios = ratio_metrics(metrics)
    has_rows = set(_ITS_PARTS) <= {m.name for m in ratios}
    by_combination = [
        *_ratios_by_combination(ratios),
        *(_rows_per_core_second() if has_rows else ()),
    ]
    labels = dimension_labels(list(matrix.dimensions))
    return (
        RuleGroup(name="lm-stages", rules=tuple(_stage_rules())),
        RuleGroup(name="lm-combinations", rules=by_combination, interval=_RESULTS_INTERVAL),
        RuleGroup(
            name="lm-dimensions",
            rules=tuple(_by_dimension(by_combination, labels)),
            interval=_RESULTS_INTERVAL,
        ),
    )


def _one(series: str) -> str:
    return f"max without (instance, job) ({series})"


def _stage_rules() -> Iterator[RecordingRule]:
    cells = _one("lm_campaign_cells")
    for record, expr in (
        ("stage:lm_campaign_cells:sum", f"sum without (verdict) ({cells})"),
        (
            "stage_verdict:lm_campaign_cells:ratio",
            f"{cells} / on (stage) group_left () (stage:lm_campaign_cells:sum > 0)",
        ),
        (
            "stage:lm_campaign_failed_runs_per_runs:ratio",
            f"{_one('lm_campaign_failed_runs')} / ({_one('lm_campaign_runs')} > 0)",
        ),
        (
            "stage:lm_campaign_age_seconds:max",
            f"time() - {_one('lm_stage_waiting_since_timestamp_seconds')}",
        ),
        ("stage_state:lm_alerts:sum", _one("lm_alerts")),
    ):
        yield RecordingRule(record=record, expr=expr)


def _ratios_by_combination(metrics: Sequence[ExportedMetric]) -> Iterator[RecordingRule]:
    quantities = Counter(metric.quantity for metric in metrics)
    for metric in metrics:
        # One quantity in two units, such as seconds and bytes of I/O: each keeps its own.
        name = metric.quantity if quantities[metric.quantity] == 1 else metric.name
        yield RecordingRule(
            record=f"stage_combination:lm_result_{name}_per_lm_baseline_{name}:ratio",
            expr=f"{_one(metric.result)} / on (combination) group_left () "
            f"({_one(metric.baseline)} > 0)",
        )


def _rows_per_core_second() -> Iterator[RecordingRule]:
    throughput, duration, cores = (_one(f"lm_result_{part}") for part in _ITS_PARTS)
    yield RecordingRule(
        record=f"stage_combination:{_ROWS_PER_CORE_SECOND}:ratio",
        expr=f"{throughput} * {duration} / ({cores} > 0)",
    )


def _by_dimension(
    by_combination: Sequence[RecordingRule], labels: Mapping[str, str]
) -> Iterator[RecordingRule]:
    # The geometric mean: a combination twice as slow and one twice as fast cancel out.
    information = _one("lm_combination_info")
    for label in labels.values():
        for rule in by_combination:
            metric = rule.record.split(":")[1]
            yield RecordingRule(
                record=f"stage_{label}:{metric}:geomean",
                expr=f"exp(avg by (stage, {label}) (ln({rule.record} > 0) "
                f"* on (combination) group_left ({label}) {information}))",
            )
