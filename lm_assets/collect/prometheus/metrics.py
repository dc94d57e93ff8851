"""Prometheus asked for the metrics of many load runs, a batch of runs at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from lm_assets.collect.collection_config import PrometheusConfig
from lm_assets.collect.prometheus.batches import Batch, RunWindow, batches, unusable_window
from lm_assets.collect.prometheus.run import RUN_METRICS
from lm_assets.collect.prometheus.run_series import NO_SERIES, Answer, RunSeries
from lm_assets.collect.source_answers import PROMETHEUS, SourceAnswer, failed_source
from lm_assets.collect.source_boundary import answer_of, reason_of
from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.prometheus import Prometheus, QueryAnswer, Series
from lm_assets.model.measurement import Measurements, out_of_bounds
from lm_assets.model.provenance import provenance_text

_EXPORTED = "exported_"

PROMETHEUS_METRICS = tuple(RUN_METRICS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What one batch's queries said, by query and namespace; ``faults`` are queries that failed."""

    batch: Batch
    promql: Mapping[str, str]
    series: Mapping[str, Mapping[str, tuple[Series, ...]]]
    answers: Mapping[str, QueryAnswer]
    faults: Mapping[str, str]

    def said(self, queries: Sequence[str], namespace: str) -> list[str]:
        """Return what there is to say against some queries' answers for one namespace."""
        return [
            remark
            for name in queries
            if name in self.answers
            for remark in _remarks(
                self.answers[name], self.series[name].get(namespace, ()), namespace
            )
        ]


def ask_prometheus(
    server: Prometheus,
    windows: Sequence[RunWindow],
    *,
    config: PrometheusConfig,
    now: datetime,
    concurrency: int = 4,
) -> dict[str, SourceAnswer]:
    """Return what Prometheus gives for each load run, by ``RunWindow.run``.

    Every query of the configuration is asked once for a batch of runs, so that a campaign costs a
    few dozen queries whatever its size. Runs that cannot be told apart (in one namespace at the
    same time) or whose window is no use are not asked for; their metrics are missing and say why.
    """
    by_namespace: dict[str, list[RunWindow]] = defaultdict(list)
    for window in windows:
        by_namespace[window.namespace].append(window)
    answers: dict[str, SourceAnswer] = {}
    usable: list[RunWindow] = []
    for window in windows:
        reason = unusable_window(window, by_namespace[window.namespace], config, now)
        if reason is None:
            usable.append(window)
        else:
            answers[window.run] = failed_source(
                PROMETHEUS, RUN_METRICS, asked="nothing", reason=reason
            )
    for batch in batches(usable, config):
        for asked in _ask_batch(server, batch, config, concurrency):
            for window in asked.batch.windows:
                neighbours = by_namespace[window.namespace]
                answers[window.run] = answer_of(
                    partial(_run_answer, window, neighbours, asked, config),
                    source=PROMETHEUS,
                    metrics=RUN_METRICS,
                    asked="every query of the configuration",
                )
    return answers


def _ask_batch(
    server: Prometheus, batch: Batch, config: PrometheusConfig, concurrency: int
) -> list[_Asked]:
    promql = {
        name: batch.promql(template)
        for name, template in msgspec.structs.asdict(config.queries).items()
        if template is not None
    }

    def ask(query: str) -> QueryAnswer | Exception:
        try:
            return server.query_range(
                query, start_s=batch.start_s, end_s=batch.end_s, step_s=batch.step_s
            )
        except Exception as error:  # noqa: BLE001 - a fault of this query, whatever it is
            return error

    with ThreadPoolExecutor(concurrency) as pool:
        said = dict(zip(promql, pool.map(ask, promql.values()), strict=True))
    if len(batch.windows) > 1 and any(_is_too_large(answer) for answer in said.values()):
        return [
            asked
            for half in _halves(batch.windows)
            for smaller in batches(half, config)
            for asked in _ask_batch(server, smaller, config, concurrency)
        ]
    whole = {name: answer for name, answer in said.items() if isinstance(answer, QueryAnswer)}
    faults = {
        name: reason_of(answer, source=PROMETHEUS)
        for name, answer in said.items()
        if isinstance(answer, Exception)
    }
    return [
        _Asked(
            batch=batch,
            promql=promql,
            series={name: _by_namespace(answer) for name, answer in whole.items()},
            answers=whole,
            faults=faults,
        )
    ]


def _is_too_large(answer: QueryAnswer | Exception) -> bool:
    return isinstance(answer, RemoteError) and answer.fault is RemoteFault.TOO_LARGE


def _halves(windows: Sequence[RunWindow]) -> tuple[Sequence[RunWindow], Sequence[RunWindow]]:
    middle = len(windows) // 2
    return windows[:middle], windows[middle:]


def _by_namespace(answer: QueryAnswer) -> dict[str, tuple[Series, ...]]:
    series: dict[str, list[Series]] = defaultdict(list)
    for item in map(_honoured, answer.series):
        series[item.labels.get("namespace", "")].append(_without_negatives(item))
    return {namespace: tuple(items) for namespace, items in series.items()}


def _honoured(series: Series) -> Series:
    """Return a series with the labels that its exporter gave it.

    Scraped without ``honor_labels`` they are called ``exported_…``, and the others are those of
    the exporter's own pod.
    """
    exported = {
        name.removeprefix(_EXPORTED): value
        for name, value in series.labels.items()
        if name.startswith(_EXPORTED)
    }
    if not exported:
        return series
    own = {n: value for n, value in series.labels.items() if not n.startswith(_EXPORTED)}
    return replace(series, labels={**own, **exported})


def _without_negatives(series: Series) -> Series:
    """Return a series without samples below zero: nothing that is asked for can be that."""
    if not series.values or min(series.values) >= 0.0:
        return series
    points = [(t, v) for t, v in zip(series.times_s, series.values, strict=True) if v >= 0.0]
    return replace(
        series,
        times_s=tuple(time_s for time_s, _ in points),
        values=tuple(value for _, value in points),
        dropped_points=series.dropped_points + len(series.values) - len(points),
    )


def _remarks(answer: QueryAnswer, series: Sequence[Series], namespace: str) -> Iterator[str]:
    yield from (f"partial answer: {warning}" for warning in answer.warnings)
    conflicts = sum(labels.get("namespace", "") == namespace for labels in answer.conflicts)
    if conflicts:
        yield f"partial answer: {conflicts} contradictory duplicate series left out"
    dropped = sum(item.dropped_points for item in series)
    if dropped:
        yield f"{dropped} samples that are no number of zero or above left out"


def _run_answer(
    window: RunWindow, neighbours: Sequence[RunWindow], asked: _Asked, config: PrometheusConfig
) -> SourceAnswer:
    run = RunSeries(
        window=window,
        settled_s=_settled_s(window, neighbours, config),
        step_s=asked.batch.step_s,
        by_query={name: by.get(window.namespace, ()) for name, by in asked.series.items()},
    )
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    provenance: dict[str, str] = {}
    answered: dict[str, str] = {}
    allowed: dict[str, float] = {}
    for metric, (compute, queries) in RUN_METRICS.items():
        fault = next((asked.faults[name] for name in queries if name in asked.faults), None)
        answer = _bounded(compute(run)) if fault is None else fault
        said = asked.said(queries, window.namespace)
        if isinstance(answer, str):
            answered[metric] = _joined([_where_else(run, queries[0], answer), *said])
            missing[metric] = f"{PROMETHEUS}: {answered[metric]}"
            continue
        partly = _joined(
            [
                _coverage_remark(run, queries[0], asked.batch, config),
                _kept_remark(answer.kept_share, config),
            ]
        )
        if partly and answer.is_mean and not answer.is_beyond:
            # The mean of a part is not the mean, and no bound of it either.
            answered[metric] = _joined([partly, *said])
            missing[metric] = f"{PROMETHEUS}: {answered[metric]}"
            continue
        values[metric] = answer.value
        if answer.allowed is not None:
            allowed[metric] = answer.allowed
        bounds = [*answer.bounds, *([partly] if partly else [])]
        provenance[metric] = provenance_text(
            PROMETHEUS, *answer.remarks, *said, *bounds, at_least=bool(bounds)
        )
        answered[metric] = _joined([f"{len(run.of(queries[0]))} series", *said, *bounds])
    return SourceAnswer(
        source=PROMETHEUS,
        measurements=Measurements(values=values, missing=missing, provenance=provenance),
        asked={name: _asked_text(asked, queries) for name, (_, queries) in RUN_METRICS.items()},
        answered=answered,
        allowed=allowed,
    )


def _bounded(answer: Answer) -> Answer:
    if isinstance(answer, str):
        return answer
    return out_of_bounds(answer.value) or answer


def _coverage_remark(run: RunSeries, query: str, batch: Batch, config: PrometheusConfig) -> str:
    coverage = run.coverage(query, batch.step_s)
    if coverage >= config.whole_coverage:
        return ""
    return f"samples in {100 * coverage:.0f} % of the window"


def _kept_remark(share: float, config: PrometheusConfig) -> str:
    if share >= config.whole_coverage:
        return ""
    return f"{100 * share:.0f} % of the samples are possible"


def _settled_s(
    window: RunWindow, neighbours: Sequence[RunWindow], config: PrometheusConfig
) -> float:
    starts_after = [w.start_s for w in neighbours if w.start_s >= window.end_s and w is not window]
    return min([window.end_s + config.scrape_interval_s, *starts_after])


def _where_else(run: RunSeries, query: str, reason: str) -> str:
    """Return the reason, and for series beside the window where they are: clocks may differ."""
    # A series all of whose samples were no number is there, and empty.
    times = [time_s for series in run.of(query) for time_s in series.times_s]
    if reason != NO_SERIES or not times:
        return reason
    first, last = (_clock(time_s) for time_s in (min(times), max(times)))
    return f"{NO_SERIES} in the window, but from {first} to {last}: do the clocks agree?"


def _clock(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _joined(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _asked_text(asked: _Asked, queries: Sequence[str]) -> str:
    first, last = _clock(asked.batch.start_s), _clock(asked.batch.end_s)
    texts = " | ".join(asked.promql[name] for name in queries)
    return f"{texts} from {first} to {last} by {asked.batch.step_s:g} s"
