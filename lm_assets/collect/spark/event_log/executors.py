"""The executors that an event log announced, as their figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from lm_assets.collect.spark.contradictions import CLOCKS_AGREE_MS
from lm_assets.collect.spark.figures import ExecutorFigures, executors_in_order, utc_from_ms


@dataclass(slots=True)
class KnownExecutor:
    """When an executor came, with how many cores, and when it went."""

    cores: int
    added_ms: int
    removed_ms: int | None = None

    @property
    def is_backwards(self) -> bool:
        """Whether it went before it came: one of its times is wrong."""
        return self.removed_ms is not None and self.removed_ms < self.added_ms - CLOCKS_AGREE_MS


def executor_figures(
    executors: Mapping[str, KnownExecutor], peak_heap_bytes: Mapping[str, int]
) -> tuple[ExecutorFigures, ...]:
    """Return the executors in the order in which they came."""
    return executors_in_order(
        ExecutorFigures(
            executor_id=executor_id,
            cores=known.cores,
            added_at=utc_from_ms(known.added_ms),
            removed_at=None if known.removed_ms is None else utc_from_ms(known.removed_ms),
            peak_jvm_heap_bytes=peak_heap_bytes.get(executor_id),
        )
        for executor_id, known in executors.items()
    )
