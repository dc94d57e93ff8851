"""The metrics of one load run from the series of its namespace."""

from collections.abc import Callable, Mapping

from lm_assets.collect.prometheus.run_series import Answer, RunSeries
from lm_assets.collect.prometheus.stability import oom_kills, pod_restarts
from lm_assets.collect.prometheus.usage import (
    cpu_core_seconds,
    cpu_usage_pct,
    gpu_usage_pct,
    memory_gib_seconds,
    memory_usage_pct,
)

# By metric: how it is computed, and the queries whose failure takes it away; the first of them
# is the one that shows whether the window was covered.
RUN_METRICS: Mapping[str, tuple[Callable[[RunSeries], Answer], tuple[str, ...]]] = {
    "pod_restarts": (pod_restarts, ("restarts",)),
    "oom_kills": (oom_kills, ("restarts", "last_oom_killed", "oom_killed")),
    "cpu_usage_pct": (cpu_usage_pct, ("cpu_seconds", "limits", "requests")),
    "gpu_usage_pct": (gpu_usage_pct, ("gpu_pct",)),
    "memory_usage_pct": (memory_usage_pct, ("memory_bytes", "limits", "requests")),
    "cpu_core_seconds": (cpu_core_seconds, ("cpu_seconds",)),
    "memory_gib_seconds": (memory_gib_seconds, ("memory_bytes",)),
}
