"""Prometheus' query API: instant and range queries, bounded and with everything odd named."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.json_http import (
    DEFAULT_RETRY,
    HttpLimits,
    JsonHttpClient,
)
from lm_assets.gateways.retrying import RetryPolicy

URL_VARIABLE = "LM_PROMETHEUS_URL"
MAX_POINTS = 11_000
# The end of the year 9999: no calendar has a later one.
_LAST_TIME_S = 253_402_300_799.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One labelled series; ``times_s`` (seconds since 1970) ascend and every value is finite.

    ``dropped_points`` counts samples that are NaN, infinite or of no time that a calendar has; a
    series of nothing else is empty.
    """

    labels: Mapping[str, str]
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    dropped_points: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryAnswer:
    """The series of one answer, and what the server or the gateway has to say against it.

    ``warnings`` are the server's own: the answer may be partial. ``conflicts`` are the labels of
    series given twice with different values; they are left out, for nobody knows which is true.
    """

    series: tuple[Series, ...] = ()
    warnings: tuple[str, ...] = ()
    conflicts: tuple[Mapping[str, str], ...] = ()


class _Result(Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = field(default_factory=list)


class _Data(Struct):
    result_type: Literal["matrix", "vector"] = field(name="resultType")
    result: list[_Result]


class _Body(Struct):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: list[str] = field(default_factory=list)


class Prometheus:
    """One Prometheus, or anything that speaks its API; safe to be shared by threads."""

    def __init__(
        self,
        url: str,
        *,
        limits: HttpLimits | None = None,
        retry: RetryPolicy = DEFAULT_RETRY,
    ) -> None:
        self._http = JsonHttpClient(
            url, server="Prometheus", variable=URL_VARIABLE, limits=limits, retry=retry
        )

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, limits: HttpLimits | None = None
    ) -> "Prometheus | None":
        """Return the configured server, or None where none is configured."""
        url = environment.get(URL_VARIABLE, "")
        return cls(url, limits=limits) if url else None

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def query(self, promql: str, *, at_s: float) -> QueryAnswer:
        """Return the value of every series at one instant, as series of one point."""
        return self._ask("api/v1/query", {"query": promql, "time": f"{at_s:.3f}"})

    def query_range(
        self, promql: str, *, start_s: float, end_s: float, step_s: float
    ) -> QueryAnswer:
        """Return every series from ``start_s`` to ``end_s`` by ``step_s``.

        Raises
        ------
        ValueError
            Where the step is not above zero or asks for more than 11,000 points per series.
        RemoteError
            Where the server gives no usable answer.
        """
        if not step_s > 0.0:
            raise ValueError(f"step_s must be above zero, got {step_s!r}")
        if (end_s - start_s) / step_s >= MAX_POINTS:
            raise ValueError(
                f"step_s must give at most {MAX_POINTS} points over {end_s - start_s:g} s, "
                f"got {step_s!r}"
            )
        form = {
            "query": promql,
            "start": f"{start_s:.3f}",
            "end": f"{end_s:.3f}",
            "step": f"{step_s:.3f}",
        }
        return self._ask("api/v1/query_range", form)

    def _ask(self, path: str, form: Mapping[str, str]) -> QueryAnswer:
        body = self._http.post_form(path, form, answer=_Body)
        if body.status != "success" or body.data is None:
            raise RemoteError(
                asked=f"Prometheus: POST /{path}",
                fault=RemoteFault.REFUSED,
                detail=self._http.quotable(f"status {body.status}: {body.error}"),
            )
        return _answer(body.data.result, tuple(map(self._http.quotable, body.warnings)))


def _answer(results: Sequence[_Result], warnings: tuple[str, ...]) -> QueryAnswer:
    by_labels: dict[frozenset[tuple[str, str]], Series] = {}
    conflicts: dict[frozenset[tuple[str, str]], Mapping[str, str]] = {}
    for result in results:
        series = _series(result)
        identity = frozenset(result.metric.items())
        if by_labels.setdefault(identity, series) != series:
            conflicts[identity] = result.metric
    return QueryAnswer(
        series=tuple(s for identity, s in by_labels.items() if identity not in conflicts),
        warnings=warnings,
        conflicts=tuple(conflicts.values()),
    )


def _series(result: _Result) -> Series:
    given = result.values if result.value is None else [result.value]
    numbers = ((time_s, _number(text)) for time_s, text in given)
    points = sorted(
        (time_s, number)
        for time_s, number in numbers
        if math.isfinite(number) and 0.0 <= time_s <= _LAST_TIME_S
    )
    return Series(
        labels=result.metric,
        times_s=tuple(time_s for time_s, _ in points),
        values=tuple(number for _, number in points),
        dropped_points=len(given) - len(points),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
