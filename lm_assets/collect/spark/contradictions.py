"""What an application says of itself that cannot be so, or is not what it looks like."""

import math
import re

# Driver and executor do not read one clock.
CLOCKS_AGREE_MS = 1_000
# Collectors that count the same time, such as pauses within cycles of two generations.
MOST_COLLECTORS = 4
# "Job 1 cancelled …", "Stage cancelled", "Stage 3 was cancelled", "Job 1 cancelled part of
# cancelled job group g": what nobody needed any more, or somebody called off.
_CANCELLED = re.compile(
    r"(?:\[[A-Z_.]+\] *)?(?:Job|Stage)(?: \d+)?(?: was)? cancell?ed\b", re.IGNORECASE
)

# The beginning of what Spark says of a stage that it gave up, and of the job.
_FAILED_TIMES = re.compile(r"\bTask (\d{1,9}) in stage (\d{1,9})\.(\d{1,9}) failed (\d{1,9}) times")
_BEGINNING = 500
_SHUT_DOWN = re.compile(
    r"SparkContext (?:was|is|has been) (?:being )?(?:shut ?down|stopped|stopping)", re.IGNORECASE
)


def was_cancelled(reason: str | None) -> bool:
    """Whether a job or stage ended because it was called off, and not because it failed.

    What ends with its application half-way has failed, whatever Spark calls it.
    """
    if reason is None or was_shut_down(reason):
        return False
    return _CANCELLED.match(reason.strip()) is not None


def said_to_fail(reason: str | None) -> tuple[tuple[int, int, int], int] | None:
    """Return the stage, its attempt and the task that a stage or job failed for, and how often."""
    found = _FAILED_TIMES.search(reason[:_BEGINNING]) if reason else None
    if found is None:
        return None
    index, stage_id, attempt_id, times = map(int, found.groups())
    return (stage_id, attempt_id, index), times


def was_shut_down(reason: str | None) -> bool:
    """Whether something ended for no other reason than that its application did.

    Of a task that is no failure: nobody waits for it any more. Of a job or stage it is one.
    """
    return reason is not None and _SHUT_DOWN.search(reason) is not None


def is_beyond(time_ms: float, span_ms: int | None) -> bool:
    """Whether a task says that it worked for longer than it was there.

    Spark up to 3.0.1 gives an attempt that was killed before it began the machine's uptime.
    """
    return time_ms > most_time_ms(span_ms)


def most_time_ms(span_ms: int | None) -> float:
    """Return for how long a task can have worked, in ms; endless where its span is unknown."""
    if span_ms is None:
        return math.inf
    return (span_ms if span_ms > 0 else 0) + CLOCKS_AGREE_MS
