"""The series of one run's namespace, and a value with what must be said of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.beginnings import Beginnings
from lm_assets.collect.prometheus.containers import Container, container_of
from lm_assets.collect.prometheus.samples import is_limit
from lm_assets.gateways.http.prometheus import Series

NO_SERIES = "no series"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A value, what must be said of it, and why it is a lower bound, if it is.

    ``allowed`` is what the containers' limits allow in the window, where each has one.
    ``is_mean`` is set where a part of the window makes the value another one, and no lower bound.
    ``kept_share`` is the share of the samples that can be: it rests on no others.
    """

    value: float
    remarks: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    is_mean: bool = False
    kept_share: float = 1.0
    allowed: float | None = None

    @property
    def is_beyond(self) -> bool:
        """Whether the limits do not allow it, whatever part of the window it is of."""
        return self.allowed is not None and self.value > self.allowed


# A value, or the reason why there is none.
Answer = Measured | str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSeries:
    """The series of one run's namespace by the name of the query that gave them.

    ``settled_s`` is when the last event of the run has been scraped: one interval after its end,
    unless the next run in the namespace began before. ``step_s`` is the time between samples.
    """

    window: RunWindow
    settled_s: float
    step_s: float
    by_query: Mapping[str, tuple[Series, ...]]

    def of(self, query: str) -> tuple[Series, ...]:
        """Return the series that one query gave for the namespace."""
        return self.by_query.get(query, ())

    def allowances(self, query: str, resource: str) -> Mapping[Container, float]:
        """Return what ``limits`` or ``requests`` say that each container may use."""
        return {
            container: value
            for container, value in self._told(query, resource)
            if is_limit(value, resource)
        }

    def no_limits(self, resource: str) -> tuple[str, ...]:
        """Return what there is to say of limits and requests that are none."""
        told = [
            value
            for query in ("limits", "requests")
            for _, value in self._told(query, resource)
            if value > 0.0 and not is_limit(value, resource)
        ]
        largest = f"{max(told, default=0.0):g}"
        return (f"a {resource} limit of {largest} is none: no machine has so much",) * bool(told)

    def _told(self, query: str, resource: str) -> Iterator[tuple[Container, float]]:
        return (
            (container_of(series), series.values[-1])
            for series in self.of(query)
            if series.labels.get("resource") == resource and series.values
        )

    def limits(self, resource: str) -> Mapping[Container, float]:
        """Return the limit of each container that has one."""
        return self.allowances("limits", resource)

    @property
    def has_allowances(self) -> bool:
        """Whether limits or requests were told of any container of the namespace."""
        return any(self.of(query) for query in ("limits", "requests"))

    @property
    def beginnings(self) -> Beginnings:
        """When pods and containers began."""
        return Beginnings.told_by(
            self.of("started"), window=self.window, cpu_limits=self.limits("cpu")
        )

    @property
    def bounds(self) -> dict[str, float]:
        """The window up to when its last event has been scraped."""
        return {"start_s": self.window.start_s, "until_s": self.settled_s}

    def coverage(self, query: str, scrape_interval_s: float) -> float:
        """Return the share of the window's scrapes at which the query had any sample."""
        window = self.window
        expected = max(int((window.end_s - window.start_s) / scrape_interval_s), 1)
        times = {
            time_s
            for series in self.of(query)
            for time_s in series.times_s
            if window.start_s < time_s <= window.end_s
        }
        return min(len(times) / expected, 1.0)
