"""Load runs gathered so that few queries answer for many of them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lm_assets.collect.collection_config import PrometheusConfig

# RFC 1123, as Kubernetes has it; anything else could break out of the query.
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunWindow:
    """When and where one load run ran; ``run`` is whatever name the caller knows it by."""

    run: str
    namespace: str
    started_at: datetime
    ended_at: datetime

    @property
    def start_s(self) -> float:
        """Start in seconds since 1970."""
        return self.started_at.timestamp()

    @property
    def end_s(self) -> float:
        """End in seconds since 1970."""
        return self.ended_at.timestamp()


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Runs that are asked for together."""

    windows: tuple[RunWindow, ...]
    start_s: float
    end_s: float
    step_s: float

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Distinct namespaces in order of name."""
        return tuple(sorted({window.namespace for window in self.windows}))

    def promql(self, template: str) -> str:
        """Return a configured query for this batch's namespaces and step."""
        # A hyphen means nothing outside brackets, and nothing else is in a valid name.
        text = template.replace("<namespaces>", "|".join(self.namespaces))
        return text.replace("<step>", f"{math.ceil(self.step_s * 1000)}ms")


def unusable_window(
    window: RunWindow, others: Sequence[RunWindow], config: PrometheusConfig, now: datetime
) -> str | None:
    """Return why a run's window cannot be asked for, or None; ``others`` share its namespace."""
    if not _NAMESPACE.fullmatch(window.namespace):
        return f"{window.namespace!r} is not a Kubernetes namespace"
    if window.ended_at < window.started_at:
        return f"window ends {window.start_s - window.end_s:g} s before it starts"
    if window.ended_at > now:
        where = "lies" if window.started_at > now else "ends"
        return f"window {where} in the future: {window.ended_at.isoformat()}"
    if window.end_s - window.start_s < 2 * config.scrape_interval_s:
        return "window shorter than two scrapes"
    for other in others:
        if (
            other is not window
            and other.started_at < window.ended_at
            and window.started_at < other.ended_at
        ):
            return f"run {other.run} was in namespace {window.namespace} at the same time"
    return None


def batches(windows: Sequence[RunWindow], config: PrometheusConfig) -> Iterator[Batch]:
    """Yield batches within the limits on points per series and namespaces per query.

    Runs of one namespace stay together as long as time allows, so that the batches are as few as
    the two limits ask for. A run that is too long for the scrape interval gets a longer step.
    """
    ordered = sorted(windows, key=lambda w: (w.start_s, w.end_s, w.run))
    namespaces = list(dict.fromkeys(window.namespace for window in ordered))
    for first in range(0, len(namespaces), config.max_namespaces_per_query):
        chosen = set(namespaces[first : first + config.max_namespaces_per_query])
        yield from _by_time([w for w in ordered if w.namespace in chosen], config)


def _by_time(ordered: Sequence[RunWindow], config: PrometheusConfig) -> Iterator[Batch]:
    gathered: list[RunWindow] = []
    first_s = last_s = 0.0
    for window in ordered:
        start_s, end_s = _span([window], config)
        longest_s = max(end_s, last_s) - first_s
        if gathered and longest_s / config.scrape_interval_s >= config.max_points - 1:
            yield _batch(gathered, config)
            gathered = []
        if not gathered:
            first_s, last_s = start_s, end_s
        last_s = max(last_s, end_s)
        gathered.append(window)
    if gathered:
        yield _batch(gathered, config)


def _batch(windows: Sequence[RunWindow], config: PrometheusConfig) -> Batch:
    start_s, end_s = _span(windows, config)
    step_s = max(config.scrape_interval_s, (end_s - start_s) / (config.max_points - 1))
    return Batch(windows=tuple(windows), start_s=start_s, end_s=end_s, step_s=math.ceil(step_s))


def _span(windows: Sequence[RunWindow], config: PrometheusConfig) -> tuple[float, float]:
    before_s = max(config.lookback_s, config.clock_skew_s)
    after_s = max(config.scrape_interval_s, config.clock_skew_s)
    start_s = min(window.start_s for window in windows) - before_s
    return start_s, max(window.end_s for window in windows) + after_s
