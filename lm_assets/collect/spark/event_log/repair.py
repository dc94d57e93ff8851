"""What can still be used of a line that does not have its event's shape, and what is lost with it.

A field that is not what it should be costs that field; a line that is no JSON costs its event.
Either way the figures that rest on it are no whole figures any more.
"""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from lm_assets.collect.spark.event_log.events import KINDS, OtherEvent
from lm_assets.collect.spark.event_log.task_events import TaskEnd
from lm_assets.collect.spark.figures import (
    CPU,
    DURATIONS,
    EVERYTHING,
    EXECUTORS,
    GC,
    HEAP,
    JOBS,
    OF_TASK_ENDS,
    ROWS,
    SPILL,
    STAGES,
    TASKS,
)
from lm_assets.model.whole_numbers import whole_numbers

_NAME = re.compile(rb'"Event"\s*:\s*"(\w+)"')
_WHERE = re.compile(r"`\$\.?([^`]*)`$")
_MOST_FIELDS = 20
_BEGINNING_BYTES = 4096

_OF_EVENT = {
    "SparkListenerTaskEnd": OF_TASK_ENDS,
    "SparkListenerStageCompleted": frozenset({STAGES}),
    "SparkListenerStageExecutorMetrics": frozenset({HEAP}),
    "SparkListenerJobEnd": frozenset({JOBS}),
    "SparkListenerExecutorAdded": frozenset({EXECUTORS}),
    "SparkListenerExecutorRemoved": frozenset({EXECUTORS}),
    "SparkListenerBlockManagerAdded": frozenset({EXECUTORS}),
}
_OF_FIELD = {
    "Task End Reason": frozenset({TASKS, DURATIONS}),
    "Task Info": frozenset({TASKS, DURATIONS, HEAP, CPU, GC}),
    "Launch Time": frozenset({DURATIONS}),
    "Finish Time": frozenset({DURATIONS}),
    "Executor ID": frozenset({HEAP, EXECUTORS}),
    "Speculative": frozenset({TASKS}),
    "Task Executor Metrics": frozenset({HEAP}),
    "Executor Metrics": frozenset({HEAP}),
    "JVMHeapMemory": frozenset({HEAP}),
    "Task Metrics": frozenset({CPU, SPILL, GC, ROWS}),
    "Executor Run Time": frozenset({GC}),
    "Executor CPU Time": frozenset({CPU}),
    "JVM GC Time": frozenset({GC}),
    "Disk Bytes Spilled": frozenset({SPILL}),
    "Shuffle Write Metrics": frozenset({SPILL}),
    "Shuffle Bytes Written": frozenset({SPILL}),
    "Input Metrics": frozenset({ROWS}),
    "Output Metrics": frozenset({ROWS}),
    "Records Read": frozenset({ROWS}),
    "Records Written": frozenset({ROWS}),
    "Failure Reason": frozenset({STAGES}),
    "Stage Info": frozenset({STAGES}),
    "Stage Attempt ID": frozenset({STAGES}),
    "Job Result": frozenset({JOBS}),
    "Exception": frozenset({JOBS}),
    "Executor Info": frozenset({EXECUTORS}),
    "Total Cores": frozenset({EXECUTORS}),
    "Timestamp": frozenset({EXECUTORS}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """The event without what cannot be read, None where it is lost whole.

    ``fields`` names what was left out of it, ``affects`` the figures that rest on what is lost.
    """

    event: object | None
    fields: tuple[str, ...] = ()
    affects: frozenset[str] = frozenset()


def repaired(line: bytes) -> Repaired:
    """Return what a line that `decode_event` refuses still says."""
    try:
        content = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _lost(_name_in(line))
    if not isinstance(content, dict):
        return _lost(None)
    name = content.get("Event")
    if not isinstance(name, str):
        return _lost(None)
    if name not in KINDS:
        return Repaired(event=OtherEvent(name=name))
    return _with_what_fits(content, name)


def _with_what_fits(content: dict[str, Any], name: str) -> Repaired:
    fields: list[str] = []
    content = whole_numbers(content)
    for _ in range(_MOST_FIELDS):
        try:
            event = msgspec.convert(content, KINDS[name])
        except msgspec.ValidationError as error:
            field = _without(content, str(error))
            if field is None:
                return _lost(name)
            fields.append(field)
        else:
            if isinstance(event, TaskEnd) and event.info is None:
                # Of which attempt it is the end nobody can say.
                return _lost(name)
            affects = frozenset[str]().union(*(_OF_FIELD.get(f, frozenset()) for f in fields))
            return Repaired(event=event, fields=tuple(fields), affects=affects & _of(name))
    return _lost(name)


def _of(name: str) -> frozenset[str]:
    return _OF_EVENT.get(name, frozenset())


def _lost(name: str | None) -> Repaired:
    return Repaired(event=None, affects=EVERYTHING if name is None else _of(name))


def _name_in(line: bytes) -> str | None:
    """Return the event's name where a broken line still shows it."""
    found = _NAME.search(line[:_BEGINNING_BYTES])
    return found[1].decode() if found else None


def _without(content: dict[str, Any], message: str) -> str | None:
    """Take the field that a message names out of the content; its name, None where it is not one.

    Of a mapping or a list whose items are wrong only those items go; a list of which an item has a
    wrong field goes whole.
    """
    where = _WHERE.search(message)
    if where is None or not where[1]:
        return None
    path, item, _ = where[1].partition("[")
    *parents, last = path.split(".")
    holder: Any = content
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or last not in holder:
        return None
    items = holder.pop(last)
    fitting = _items_that_fit(items) if item and where[1].endswith("]") else items
    if item and len(fitting) < len(items):
        holder[last] = fitting
    return last


def _items_that_fit(items: Any) -> Any:
    if isinstance(items, dict):
        return {key: value for key, value in items.items() if isinstance(value, str)}
    return [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
