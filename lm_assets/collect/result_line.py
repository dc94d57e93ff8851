"""One line of a load runner's result file, read liberally and refused precisely."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.collect.line_metrics import LineMetrics
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import MetricCatalogue

MAX_LINE_BYTES = 1024 * 1024

# Load runners spell the same thing differently; the first spelling present is read and the others
# are kept among the extra fields.
_NAME_FIELDS = ("test_name", "combination")
_RUN_FIELDS = ("run_id", "iteration")
_ALTERNATIVES = (_NAME_FIELDS, _RUN_FIELDS)
OWN_FIELDS = frozenset(
    {
        *("start_time", "end_time", "exit_code", "spark_app_id", "namespace"),
        *(spelling for spellings in _ALTERNATIVES for spelling in spellings),
    }
)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,199}")
_LARGEST_EXIT_CODE = 2**31 - 1
_LARGEST_ITERATION = 10**9
# Other years are a clock that was never set, or a number read wrongly.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultLine:
    """What a load runner said of one load run.

    ``name`` is the test name, or ``None`` when the line gives dimension fields instead. ``extra``
    has those, the row counts, further spellings of a field that was read, and every field that
    the platform does not know. ``notes`` name fields that may be a metric in an unknown unit.
    """

    name: str | None
    run_id: str
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    spark_app_id: str | None
    namespace: str | None
    measurements: Measurements
    extra: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def parse_result_line(line: bytes, metrics: MetricCatalogue | None = None) -> ResultLine:
    """Return what one line says of the metrics of a catalogue; the shipped ones unless given.

    Raises
    ------
    UnusableInputError
        With the rule that the line breaks: ``line_too_long``, ``not_an_object``, ``wrong_type``,
        ``out_of_range``, ``run_id``, ``time``, ``duration``, or one of `read_foreign_json`.
    """
    fields = _read_object(line)
    started_at = _moment(fields, "start_time")
    ended_at = _moment(fields, "end_time")
    catalogue = shipped_metrics() if metrics is None else metrics
    read = LineMetrics.of_catalogue(catalogue).read(fields, _duration(started_at, ended_at))
    return ResultLine(
        name=next((_text(fields, spelling) for spelling in _given(fields, _NAME_FIELDS)), None),
        run_id=_run_id(fields),
        started_at=started_at,
        ended_at=ended_at,
        exit_code=_whole_number(fields, "exit_code", largest=_LARGEST_EXIT_CODE),
        spark_app_id=_text(fields, "spark_app_id"),
        namespace=_text(fields, "namespace"),
        measurements=read.measurements,
        extra=_extra(fields, read.fields),
        notes=read.notes,
    )


def _read_object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise UnusableInputError("line_too_long", f"{len(line)} bytes; {MAX_LINE_BYTES} are read")
    content = read_foreign_json(line)
    if not isinstance(content, dict):
        raise UnusableInputError("not_an_object", f"a {type(content).__name__} stands on the line")
    return content


def _given(fields: Mapping[str, Any], spellings: tuple[str, ...]) -> Iterator[str]:
    return (name for name in spellings if fields.get(name) not in (None, ""))


def _extra(fields: Mapping[str, Any], read: Set[str]) -> dict[str, Any]:
    unread = {name for spellings in _ALTERNATIVES for name in [*_given(fields, spellings)][1:]}
    own = OWN_FIELDS | read
    return {n: value for n, value in fields.items() if n not in own or n in unread}


def _shown(value: object) -> str:
    return ascii(value)[:80]


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UnusableInputError("wrong_type", f"{name} must be text, got {_shown(value)}")
    return value


def _whole_number(fields: Mapping[str, Any], name: str, *, largest: int) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    # JSON has one kind of number: a column with one empty value writes 0.0 for every 0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableInputError(
            "wrong_type", f"{name} must be a whole number, got {_shown(value)}"
        )
    if abs(value) > largest:
        raise UnusableInputError(
            "out_of_range", f"{name} must lie within ±{largest}, got {_shown(value)}"
        )
    return value


def _run_id(fields: Mapping[str, Any]) -> str:
    value = fields.get("run_id")
    if value is None or value == "":
        iteration = _whole_number(fields, "iteration", largest=_LARGEST_ITERATION)
        if iteration is None:
            raise UnusableInputError("run_id", "neither run_id nor iteration says which run it is")
        if iteration < 0:
            raise UnusableInputError("out_of_range", f"iteration must not be {iteration}")
        return f"iteration-{iteration}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _RUN_ID.fullmatch(text) or ".." in text:
        raise UnusableInputError(
            "run_id",
            "must be 1 to 200 of A-Z a-z 0-9 . _ + = -, a letter or digit first, no '..', "
            f"got {_shown(value)}",
        )
    return text


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(fields, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError("time", f"{name} must be ISO 8601, got {_shown(text)}") from error
    if moment.tzinfo is None:
        raise UnusableInputError("time", f"{name} must say its time zone, got {_shown(text)}")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        rule = f"{name} must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise UnusableInputError("time", f"{rule}, got {_shown(text)}: check the runner's clock")
    return moment.astimezone(UTC)


def _duration(started_at: datetime | None, ended_at: datetime | None) -> tuple[float | None, str]:
    """Return the time from start to end and how it was found, or ``None`` and why there is none."""
    if started_at is None or ended_at is None:
        return None, "the result line has neither a duration nor both start_time and end_time"
    if ended_at < started_at:
        raise UnusableInputError("duration", "end_time is before start_time")
    if ended_at == started_at:
        # A clock of whole seconds; the run did take time.
        return None, "the result line's start_time and end_time are equal"
    return (ended_at - started_at).total_seconds(), "end_time - start_time"
