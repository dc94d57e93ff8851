"""One line of a load runner's result file, read liberally and refused precisely."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import Measurements

SOURCE = "result line"
MAX_LINE_BYTES = 1024 * 1024

# Load runners spell the same quantity differently; the first spelling present wins.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "throughput_rows_s": ("throughput_rows_sec", "throughput_rows_s", "throughput"),
    "latency_p50_ms": ("latency_p50_ms",),
    "latency_p95_ms": ("latency_p95_ms",),
    "latency_p99_ms": ("latency_p99_ms",),
}
_DURATION_FIELDS = ("duration_sec", "duration_s")
_OWN_FIELDS = frozenset(
    {
        *("test_name", "combination", "run_id", "iteration", "start_time", "end_time"),
        *("exit_code", "rows_read", "rows_written", "spark_app_id", "namespace"),
        *_DURATION_FIELDS,
        *(spelling for spellings in _SPELLINGS.values() for spelling in spellings),
    }
)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,199}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultLine:
    """What a load runner said of one load run.

    ``name`` is the test name, or ``None`` when the line gives dimension fields instead; those,
    and every field the platform does not know, are in ``extra``.
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


def parse_result_line(line: bytes) -> ResultLine:
    """Return what one line says.

    Raises
    ------
    UnusableInputError
        With the rule that the line breaks: ``not_json``, ``not_finite``, ``not_an_object``,
        ``wrong_type``, ``run_id``, ``time``, ``duration``, ``line_too_long``.
    """
    fields = _read_object(line)
    started_at = _moment(fields, "start_time")
    ended_at = _moment(fields, "end_time")
    return ResultLine(
        name=_text(fields, "test_name") or _text(fields, "combination"),
        run_id=_run_id(fields),
        started_at=started_at,
        ended_at=ended_at,
        exit_code=_whole_number(fields, "exit_code"),
        spark_app_id=_text(fields, "spark_app_id"),
        namespace=_text(fields, "namespace"),
        measurements=_measurements(fields, started_at, ended_at),
        extra=_extra(fields),
    )


def _read_object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise UnusableInputError("line_too_long", f"{len(line)} bytes; {MAX_LINE_BYTES} are read")
    try:
        content = json.loads(line, parse_constant=_refuse_constant, parse_float=_finite)
    except UnusableInputError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnusableInputError("not_json", str(error)) from error
    if not isinstance(content, dict):
        raise UnusableInputError("not_an_object", f"a {type(content).__name__} stands on the line")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise UnusableInputError("not_finite", f"{name} is no measurement; leave the field out instead")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnusableInputError("not_finite", f"{text} is beyond the range of a number")
    return value


def _extra(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if name not in _OWN_FIELDS or name in ("rows_read", "rows_written")
    } | ({"iteration": fields["iteration"]} if "run_id" in fields and "iteration" in fields else {})


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UnusableInputError("wrong_type", f"{name} must be text, got {value!r}")
    return value


def _number(
    fields: Mapping[str, Any], name: str, *, check: Callable[[float], bool]
) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableInputError("wrong_type", f"{name} must be a number, got {value!r}")
    if not math.isfinite(number := _as_float(value, name)) or not check(number):
        raise UnusableInputError("out_of_range", f"{name} must not be {value!r}")
    return number


def _as_float(value: float, name: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise UnusableInputError("not_finite", f"{name} is beyond the range of a number") from error


def _whole_number(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableInputError("wrong_type", f"{name} must be a whole number, got {value!r}")
    return value


def _run_id(fields: Mapping[str, Any]) -> str:
    value = fields.get("run_id")
    if value is None or value == "":
        iteration = _whole_number(fields, "iteration")
        if iteration is None:
            raise UnusableInputError("run_id", "neither run_id nor iteration says which run it is")
        return f"iteration-{iteration}"
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _RUN_ID.fullmatch(text):
        raise UnusableInputError(
            "run_id", f"must be 1 to 200 of letters, digits and . _ + = -, got {str(value)[:80]!r}"
        )
    return text


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(fields, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError("time", f"{name} must be ISO 8601, got {text!r}") from error
    if moment.tzinfo is None:
        raise UnusableInputError("time", f"{name} must say its time zone, got {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise UnusableInputError("time", f"{name} is out of range: {text!r}") from error


def _measurements(
    fields: Mapping[str, Any], started_at: datetime | None, ended_at: datetime | None
) -> Measurements:
    values: dict[str, float] = {}
    provenance: dict[str, str] = {}
    missing: dict[str, str] = {}
    duration_s, source = _duration(fields, started_at, ended_at)
    if duration_s is None:
        missing["duration_s"] = "the result line has no duration and no start and end"
    else:
        values["duration_s"], provenance["duration_s"] = duration_s, source
    for metric, spellings in _SPELLINGS.items():
        for spelling in spellings:
            number = _number(fields, spelling, check=lambda x: x >= 0.0)
            if number is not None:
                values[metric], provenance[metric] = number, f"{SOURCE}: {spelling}"
                break
        else:
            missing[metric] = f"the result line has no {spellings[0]}"
    _derive_throughput(fields, values, provenance, missing)
    return Measurements(values=values, missing=missing, provenance=provenance)


def _duration(
    fields: Mapping[str, Any], started_at: datetime | None, ended_at: datetime | None
) -> tuple[float | None, str]:
    if started_at is not None and ended_at is not None and ended_at < started_at:
        raise UnusableInputError("duration", "end_time is before start_time")
    for name in _DURATION_FIELDS:
        stated = _number(fields, name, check=lambda x: x > 0.0)
        if stated is not None:
            return stated, f"{SOURCE}: {name}"
    if started_at is None or ended_at is None or ended_at == started_at:
        return None, ""
    return (ended_at - started_at).total_seconds(), f"{SOURCE}: end_time - start_time"


def _derive_throughput(
    fields: Mapping[str, Any],
    values: dict[str, float],
    provenance: dict[str, str],
    missing: dict[str, str],
) -> None:
    rows = {n: _number(fields, n, check=lambda x: x >= 0.0) for n in ("rows_read", "rows_written")}
    if "throughput_rows_s" in values or "duration_s" not in values:
        return
    for name, count in rows.items():
        if count:
            values["throughput_rows_s"] = count / values["duration_s"]
            provenance["throughput_rows_s"] = f"{SOURCE}: {name} / duration"
            del missing["throughput_rows_s"]
            return
