"""One event log, streamed once, to the figures of its application."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lm_assets.collect.spark.event_log.codecs import plain_chunks
from lm_assets.collect.spark.event_log.decoding import decode_event
from lm_assets.collect.spark.event_log.events import JobStart
from lm_assets.collect.spark.event_log.limits import EventLogLimits
from lm_assets.collect.spark.event_log.lines import Line, lines_of
from lm_assets.collect.spark.event_log.parts import EventLogPart, order_parts
from lm_assets.collect.spark.event_log.repair import repaired
from lm_assets.collect.spark.event_log.tally import EventTally
from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.figures import EVERYTHING, ApplicationFigures
from lm_assets.collect.spark.profiling.open_stages import OpenStages
from lm_assets.collect.spark.profiling.profiler import ApplicationProfiler
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.errors import UnusableInputError

# Takes an event into account; True for one that was there before, and that nobody takes after it.
Taker = Callable[[Any], bool | None]
_DEFAULT_LIMITS = EventLogLimits()
_LINES_PER_LOOK = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadApplication:
    """What one pass over an event log gives: the figures to judge, the profile to explain them."""

    figures: ApplicationFigures
    profile: ApplicationProfile


@dataclass(slots=True)
class _Reading:
    """What happened on the way, for the notes."""

    malformed: list[int] = field(default_factory=list)
    malformed_lines: int = 0
    lost_lines: int = 0
    odd_fields: Counter[str] = field(default_factory=Counter)
    unread_lines: Counter[str] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_event_log(
    parts: Sequence[EventLogPart], *, limits: EventLogLimits = _DEFAULT_LIMITS
) -> ApplicationFigures:
    """Return the figures of `read_event_log`."""
    return read_event_log(parts, limits=limits).figures


def read_event_log(
    parts: Sequence[EventLogPart], *, limits: EventLogLimits = _DEFAULT_LIMITS
) -> ReadApplication:
    """Return what a Spark event log says of its application attempt.

    The parts are read in Spark's own order, whatever order they come in, and never held whole:
    memory is one line, one chunk, and 5 bytes per task. Of a malformed line what can be read is
    kept, and what rests on the rest is ``partial``. A log that ends early has no ``ended_at``; its
    counts are what was logged, and partial too.

    Raises
    ------
    UnusableInputError
        Where the parts are no event log, cannot be decompressed at all, grow past the limits
        (:class:`EventLogBombError`), or belong to two applications.
    """
    ordered = order_parts(parts)
    tally = EventTally(durations=TaskDurations(exact_up_to=limits.exact_task_durations))
    stages = OpenStages()
    profiler = ApplicationProfiler(stages)
    reading = _Reading(incomplete=list(ordered.incomplete))
    takers = _takers(tally.handlers, profiler.handlers)
    number = 0
    # Little is done besides: a log has millions of lines.
    for number, (beginning, line) in enumerate(_lines(ordered.parts, limits, reading), start=1):
        try:
            event = decode_event(beginning, line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event = _repaired(bytes(line), number, reading)
        for take in takers.get(type(event), ()):
            if take(event):
                # It was there before.
                break
        # One start of a job may name millions of stages; any other event adds one thing at most.
        if not number % _LINES_PER_LOOK or isinstance(event, JobStart):
            limits.refuse_too_many(tally.entities)
    _refuse_what_is_no_log(parts, lines=number, lost_lines=reading.lost_lines)
    if tally.start is None and not tally.has_beginning:
        reading.incomplete.append("no application start event: the log's beginning is missing")
    amounts = stages.amounts()
    incomplete, partial = tuple(reading.incomplete), _partial(tally, amounts, reading)
    return ReadApplication(
        figures=tally.figures(
            amounts=amounts,
            malformed_lines=reading.malformed_lines,
            incomplete=incomplete,
            partial=partial,
            notes=tuple(_notes(tally, amounts, reading)),
        ),
        profile=profiler.profile(incomplete=(*incomplete, *dict.fromkeys(partial.values()))),
    )


def _takers(*handlers: Mapping[type, Taker]) -> dict[type, tuple[Taker, ...]]:
    """Return by kind of event who takes it into account, in order."""
    kinds = {kind for by_kind in handlers for kind in by_kind}
    return {kind: tuple(by[kind] for by in handlers if kind in by) for kind in kinds}


def _repaired(line: bytes, number: int, reading: _Reading) -> object | None:
    """Return what is left of a line that is no event as it stands; keep what is lost with it."""
    left = repaired(line)
    reading.odd_fields.update(left.fields)
    reading.unread_lines.update(left.affects)
    reading.malformed_lines += left.event is None or bool(left.fields)
    if left.event is None:
        reading.lost_lines += 1
        if len(reading.malformed) < 5:
            reading.malformed.append(number)
    return left.event


def _partial(tally: EventTally, amounts: TaskAmounts, reading: _Reading) -> dict[str, str]:
    """Return why single figures are not whole."""
    partial = {
        figure: f"{n} line{'' if n == 1 else 's'} with a part of it could not be read"
        for figure, n in reading.unread_lines.items()
    }
    if tally.ended_ms is None:
        why = "the log has no application end event"
        partial = {f: "; ".join(filter(None, (why, partial.get(f)))) for f in sorted(EVERYTHING)}
    for figures, why in (*tally.contradictions(), *amounts.contradictions()):
        for figure in sorted(figures):
            partial[figure] = "; ".join(filter(None, (partial.get(figure), why)))
    return partial


def _lines(
    parts: Sequence[EventLogPart], limits: EventLogLimits, reading: _Reading
) -> Iterator[Line]:
    for index, part in enumerate(parts):
        # What is cut at the very end is a log of a driver that died: its figures are kept.
        note = reading.notes if index == len(parts) - 1 else reading.incomplete
        chunks = plain_chunks(part, limits, note.append)
        yield from lines_of(chunks, max_line_bytes=limits.max_line_bytes)


def _refuse_what_is_no_log(parts: Sequence[EventLogPart], *, lines: int, lost_lines: int) -> None:
    names = ", ".join(part.name for part in parts[:3])
    if not lines:
        raise UnusableInputError("event_log_empty", f"{names}: holds no line")
    if lost_lines == lines:
        raise UnusableInputError("not_an_event_log", f"{names}: none of {lines} lines is an event")


def _notes(tally: EventTally, amounts: TaskAmounts, reading: _Reading) -> Iterator[str]:
    yield from reading.notes
    if tally.ended_ms is None:
        yield "no application end event: the application was running or died, or the log was cut"
    if reading.lost_lines:
        where = ", ".join(str(number) for number in reading.malformed)
        yield f"{reading.lost_lines} malformed lines skipped (first at lines {where})"
    if reading.odd_fields:
        names = ", ".join(f"{name} ({n})" for name, n in sorted(reading.odd_fields.items())[:10])
        yield f"fields left out that are not what they should be: {names}"
    if left_out := amounts.contradictory_tasks:
        yield (
            f"{left_out} task attempts left out of run and GC time: they say that they ran for "
            "longer than they were there"
        )
    yield from _told_apart(tally, amounts)
    if tally.failed_speculative_tasks:
        yield f"{tally.failed_speculative_tasks} speculative copies failed; not in failed_tasks"
    if not tally.durations.is_exact:
        yield (
            f"task-duration quantiles within 0.5 %: more than {tally.durations.exact_up_to} tasks"
        )


def _told_apart(tally: EventTally, amounts: TaskAmounts) -> Iterator[str]:
    """Yield what is counted by itself, and what a share of disk spill does not show."""
    jobs, stages = tally.outcomes.jobs_that("cancelled"), len(tally.outcomes.cancelled_stages)
    if jobs or stages:
        yield (
            f"{jobs} jobs and {stages} stages were cancelled; not in failed_jobs and failed_stages"
        )
    if amounts.memory_bytes_spilled:
        yield (
            f"{amounts.memory_bytes_spilled} bytes of memory were spilled, as "
            f"{amounts.disk_bytes_spilled} bytes on disk; shuffle_spill_pct is of the disk"
        )
