"""How much one event log may cost to read."""

from dataclasses import dataclass

from lm_assets.collect.spark.task_durations import DEFAULT_EXACT_UP_TO
from lm_assets.model.errors import UnusableInputError


class EventLogBombError(UnusableInputError):
    """Compressed data that grows past the limits; names the part, the limit and the value."""

    def __init__(self, detail: str) -> None:
        super().__init__("event_log_bomb", detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLogLimits:
    """Bounds within which an event log is read.

    ``max_expansion`` is checked once ``expansion_grace_bytes`` came out of a part: real event logs
    shrink about 20 times, the repetitive ones about 100 times. ``max_entities`` are executors, jobs
    and stages, all of which are held at once: a log of nothing else would fill the memory. A line
    longer than ``max_line_bytes`` is counted as malformed and not kept in memory.
    """

    max_decompressed_bytes: int = 64 * 2**30
    max_expansion: float = 400.0
    expansion_grace_bytes: int = 32 * 2**20
    max_line_bytes: int = 64 * 2**20
    max_entities: int = 1_000_000
    exact_task_durations: int = DEFAULT_EXACT_UP_TO

    def refuse_too_many(self, entities: int) -> None:
        """Raise where so many executors, jobs and stages are held."""
        if entities > self.max_entities:
            raise UnusableInputError(
                "event_log_too_many",
                f"more than {self.max_entities} executors, jobs and stages together",
            )
