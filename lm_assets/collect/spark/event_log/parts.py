"""The files that make up one event log, in the order in which Spark wrote them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO

from lm_assets.model.errors import UnusableInputError

_ROLLED = re.compile(r"events_([0-9]{1,18})_(.+)")
_COMPACTED = ".compact"
_APP_STATUS = "appstatus_"
# What Spark itself, copiers and stores call a file that is not whole yet.
_UNFINISHED = re.compile(
    r"\.(?:inprogress|tmp|temp|part|partial|filepart|_COPYING_)", re.IGNORECASE
)
_MARKERS = ("_$folder$", "/", ".crc")
# What people and tools put beside a log to tell of it.
_TOLD_BESIDE = re.compile(
    r".+\.(?:md5|sha1|sha256|sha512|sig|asc|txt|md|html|csv|xml|ya?ml|properties|out|err|stdout|stderr)",
    re.IGNORECASE,
)
_DATED = re.compile(r"eventlog-(\d{4}-\d{2}-\d{2}--\d{2}-\d{2})(?:\..+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLogPart:
    """One file of an event log; ``open`` gives its bytes from the beginning, as stored."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderedParts:
    """Parts in reading order, and why what they hold is not the whole log, if so."""

    parts: tuple[EventLogPart, ...]
    incomplete: tuple[str, ...] = ()


def order_parts(parts: Sequence[EventLogPart]) -> OrderedParts:
    """Return the parts to read, in the order in which Spark wrote them.

    A rolling folder (``events_<n>_<application>``) is read by number, from its last compacted file
    on; its ``appstatus`` file holds no events. Hourly files (``eventlog-<date>--<time>.gz``) come
    in order of time, before the ``eventlog`` that was being written. One other file is a log by
    itself; several are refused, since their order cannot be known. What else lies beside either is
    passed over.
    """
    parts = _without_bystanders(parts)
    parts = [p for p in parts if not _TOLD_BESIDE.fullmatch(_base(p.name))] or parts
    if not parts:
        raise UnusableInputError("event_log_empty", "no file with events among the parts")
    if len(parts) == 1:
        return OrderedParts(parts=tuple(parts), incomplete=tuple(_compaction(parts)))
    if rolled := [part for part in parts if _ROLLED.fullmatch(_base(part.name))]:
        return _order_rolled(rolled)
    if all(_DATED.fullmatch(_base(part.name)) or _is_current(part) for part in parts):
        return OrderedParts(parts=tuple(sorted(parts, key=_dated_order)))
    names = ", ".join(sorted(_base(part.name) for part in parts)[:5])
    raise UnusableInputError(
        "event_log_order_unknown", f"{len(parts)} files that are no rolling event log: {names}"
    )


def _without_bystanders(parts: Sequence[EventLogPart]) -> list[EventLogPart]:
    """Return the parts without what stores and writers leave beside a log.

    Markers of folders and of success hold no events, and a file that was renamed when it was whole
    may leave the unfinished one behind. One of which there is no whole one is read, unless it is
    empty.
    """
    kept = [
        part
        for part in parts
        if not _base(part.name).startswith((_APP_STATUS, ".", "_"))
        and not part.name.endswith(_MARKERS)
    ]
    whole = [part for part in kept if not _is_unfinished(part)]
    names = {part.name for part in whole}
    numbers = {_rolled_number(part) for part in whole} - {0}
    return [
        part
        for part in kept
        if not _is_unfinished(part)
        or not (
            part.name.rpartition(".")[0] in names
            or _rolled_number(part) in numbers
            or _is_empty(part)
        )
    ]


def _is_unfinished(part: EventLogPart) -> bool:
    return _UNFINISHED.fullmatch("." + _base(part.name).rpartition(".")[2]) is not None


def _is_empty(part: EventLogPart) -> bool:
    with part.open() as stored:
        return not stored.read(1)


def local_event_log_parts(path: Path) -> list[EventLogPart]:
    """Return the parts of an event log on disk: a file, or the files of a folder."""
    if path.is_dir():
        files = sorted(item for item in path.iterdir() if item.is_file())
    elif path.is_file():
        files = [path]
    else:
        raise UnusableInputError("event_log_not_found", f"no file or folder {path}")
    return [EventLogPart(name=file.name, open=partial(_open_binary, file)) for file in files]


def _open_binary(path: Path) -> BinaryIO:
    return path.open("rb")


def _order_rolled(parts: Iterable[EventLogPart]) -> OrderedParts:
    ordered = sorted(parts, key=_rolled_order)
    compacted = [index for index, part in enumerate(ordered) if _is_compacted(part)]
    ordered = ordered[compacted[-1] :] if compacted else ordered
    numbers = [_rolled_number(part) for part in ordered]
    if twice := [number for number, after in pairwise(numbers) if number == after]:
        raise UnusableInputError("event_log_ambiguous", f"two files with the number {twice[0]}")
    first = numbers[0] if compacted else 1
    incomplete = [
        *_compaction(ordered),
        *_gaps([first - 1, *numbers]),
        *(f"{_base(part.name)} is not finished" for part in ordered[:-1] if _is_unfinished(part)),
    ]
    return OrderedParts(parts=tuple(ordered), incomplete=tuple(incomplete))


def _gaps(numbers: Sequence[int]) -> Iterator[str]:
    """Yield what is missing between ascending numbers; a gap of a billion costs as one of two."""
    gaps = [range(low + 1, high) for low, high in pairwise(numbers) if high - low > 1]
    if gaps:
        listed = ", ".join(str(number) for number in islice(chain.from_iterable(gaps), 5))
        count = sum(gap.stop - gap.start for gap in gaps)
        yield f"{count} of the rolled files missing: events_ {listed}"


def _compaction(parts: Iterable[EventLogPart]) -> Iterable[str]:
    if any(_is_compacted(part) for part in parts):
        yield "event log was compacted: Spark dropped the events of finished jobs"


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _is_compacted(part: EventLogPart) -> bool:
    return part.name.endswith(_COMPACTED)


def _rolled_number(part: EventLogPart) -> int:
    match = _ROLLED.fullmatch(_base(part.name))
    return int(match[1]) if match else 0


def _rolled_order(part: EventLogPart) -> tuple[int, bool]:
    # A compacted file bears the number of the last file that it replaces.
    return _rolled_number(part), _is_compacted(part)


def _is_current(part: EventLogPart) -> bool:
    return _base(part.name).split(".")[0] == "eventlog"


def _dated_order(part: EventLogPart) -> tuple[bool, str]:
    match = _DATED.fullmatch(_base(part.name))
    return (False, match[1]) if match else (True, "")
