"""One event log, streamed once, to the figures of its application."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from lm_assets.collect.spark.event_log.codecs import plain_chunks
from lm_assets.collect.spark.event_log.events import decode_event
from lm_assets.collect.spark.event_log.limits import EventLogLimits
from lm_assets.collect.spark.event_log.lines import lines_of
from lm_assets.collect.spark.event_log.parts import EventLogPart, order_parts
from lm_assets.collect.spark.event_log.tally import EventTally
from lm_assets.collect.spark.figures import ApplicationFigures
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.errors import UnusableInputError

_DEFAULT_LIMITS = EventLogLimits()


@dataclass(slots=True)
class _Reading:
    """What happened on the way, for the notes."""

    lines: int = 0
    malformed: list[int] = field(default_factory=list)
    malformed_lines: int = 0
    incomplete: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_event_log(
    parts: Sequence[EventLogPart], *, limits: EventLogLimits = _DEFAULT_LIMITS
) -> ApplicationFigures:
    """Return what a Spark event log says of its application attempt.

    The parts are read in Spark's own order, whatever order they come in, and never held whole:
    memory is one line, one chunk, and 4 bytes per task. A malformed line is counted and the rest
    is kept. A log that ends early has no ``ended_at``; its counts are what was logged.

    Raises
    ------
    UnusableInputError
        Where the parts are no event log, cannot be decompressed at all, grow past the limits
        (:class:`EventLogBombError`), or belong to two applications.
    """
    ordered = order_parts(parts)
    tally = EventTally(durations=TaskDurations(exact_up_to=limits.exact_task_durations))
    reading = _Reading(incomplete=list(ordered.incomplete))
    events = 0
    for line in _lines(ordered.parts, limits, reading):
        reading.lines += 1
        try:
            event = decode_event(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            reading.malformed_lines += 1
            if len(reading.malformed) < 5:
                reading.malformed.append(reading.lines)
            continue
        events += 1
        tally.add(event)
    _refuse_what_is_no_log(parts, reading.lines, events)
    if tally.start is None:
        reading.incomplete.append("no application start event: the log's beginning is missing")
    return tally.figures(
        malformed_lines=reading.malformed_lines,
        incomplete=tuple(reading.incomplete),
        notes=tuple(_notes(tally, reading)),
    )


def _lines(
    parts: Sequence[EventLogPart], limits: EventLogLimits, reading: _Reading
) -> Iterator[bytes]:
    for index, part in enumerate(parts):
        # What is cut at the very end is a log of a driver that died: its figures are kept.
        note = reading.notes if index == len(parts) - 1 else reading.incomplete
        chunks = plain_chunks(part, limits, note.append)
        yield from lines_of(chunks, max_line_bytes=limits.max_line_bytes)


def _refuse_what_is_no_log(parts: Sequence[EventLogPart], lines: int, events: int) -> None:
    names = ", ".join(part.name for part in parts[:3])
    if not lines:
        raise UnusableInputError("event_log_empty", f"{names}: holds no line")
    if not events:
        raise UnusableInputError("not_an_event_log", f"{names}: none of {lines} lines is an event")


def _notes(tally: EventTally, reading: _Reading) -> Iterator[str]:
    yield from reading.notes
    if tally.ended_ms is None:
        yield "no application end event: the application was running or died, or the log was cut"
    if reading.malformed_lines:
        where = ", ".join(str(number) for number in reading.malformed)
        yield f"{reading.malformed_lines} malformed lines skipped (first at lines {where})"
    if tally.failed_speculative_tasks:
        yield f"{tally.failed_speculative_tasks} speculative copies failed; not in failed_tasks"
    if not tally.durations.is_exact:
        yield (
            f"task-duration quantiles within 0.5 %: more than {tally.durations.exact_up_to} tasks"
        )
