"""``config/collection.yaml``: which sources are asked, and with what."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from lm_assets.model.errors import ConfigurationError

FILE = "config/collection.yaml"

# A week: a longer step or look back is no setting of a server that is asked for load runs.
_Seconds = Annotated[float, Meta(gt=0, le=604_800)]
_PromQl = Annotated[str, Meta(min_length=1, pattern="<namespaces>")]


class PrometheusQueries(Struct, frozen=True, forbid_unknown_fields=True):
    """PromQL by what it gives; each must keep the labels that its result is told apart by.

    Without ``started`` (start times of pods, and of containers by ``id``) a counter that is first
    seen within a run is taken to have begun with it where its value allows that.
    """

    restarts: _PromQl
    last_oom_killed: _PromQl
    oom_killed: _PromQl
    cpu_seconds: _PromQl
    memory_bytes: _PromQl
    limits: _PromQl
    requests: _PromQl
    gpu_pct: _PromQl
    started: _PromQl | None = None


class PrometheusConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How Prometheus is asked."""

    queries: PrometheusQueries
    scrape_interval_s: _Seconds = 30.0
    max_points: Annotated[int, Meta(ge=2, le=11_000)] = 11_000
    max_namespaces_per_query: Annotated[int, Meta(ge=1)] = 500
    lookback_s: _Seconds = 300.0
    clock_skew_s: Annotated[float, Meta(ge=0, le=604_800)] = 600.0
    whole_coverage: Annotated[float, Meta(ge=0, le=1)] = 0.8


class HistoryServerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a History Server is asked; which one is said by the environment."""

    wait_s: Annotated[float, Meta(ge=0, le=3600)] = 30.0


class CollectionConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; a part that is not there is a source that is not asked.

    ``concurrency`` is how many load runs are asked for at a time. ``shard_bytes`` is how much of a
    campaign's event logs, as they are stored, one process reads where others can help it.
    """

    concurrency: Annotated[int, Meta(ge=1, le=64)] = 8
    shard_bytes: Annotated[int, Meta(ge=1)] = 8 * 2**30
    history_server: HistoryServerConfig = HistoryServerConfig()
    prometheus: PrometheusConfig | None = None


def parse_collection_config(content: Mapping[str, Any]) -> CollectionConfig:
    """Return the validated content of ``collection.yaml``; an empty one asks nobody."""
    if beyond := next(_not_finite(content, ""), None):
        path, value = beyond
        raise ConfigurationError(file=FILE, path=path, rule=f"must be a finite number, got {value}")
    try:
        return msgspec.convert(dict(content), CollectionConfig)
    except msgspec.ValidationError as error:
        rule, _, path = str(error).partition(" - at `$")
        raise ConfigurationError(
            file=FILE, path=path.strip("`.") or "the file", rule=rule
        ) from error


def _not_finite(value: object, path: str) -> Iterator[tuple[str, float]]:
    """Yield every number that is none, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, value
