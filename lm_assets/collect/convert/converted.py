"""What a converter gives: the runs of a file, and the quantiles and refusals they share."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.errors import UnusableInputError

RULE = "not_this_format"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertedRun:
    """One load run of one thing under test: its metrics by name, as result lines spell them.

    ``name`` is the tool's own name of what was measured; empty where the file is of one thing.
    """

    metrics: Mapping[str, float]
    name: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


def requests_run(
    elapsed_ms: Sequence[float], *, started_ms: float, ended_ms: float, errors: int
) -> ConvertedRun:
    """Return the run that single requests make: latencies of all, rate, duration, errors."""
    if not elapsed_ms:
        raise refused("there is no request in it")
    seconds = (ended_ms - started_ms) / 1000.0
    metrics = {**latencies(elapsed_ms), "errors": float(errors)}
    if seconds > 0.0:
        metrics |= {"duration_s": seconds, "requests_s": len(elapsed_ms) / seconds}
    return ConvertedRun(metrics=metrics, fields={"start_time": moment(started_ms)})


def latencies(elapsed_ms: Sequence[float]) -> dict[str, float]:
    """Return the three latency metrics; quantiles are interpolated linearly (type 7)."""
    ordered = sorted(elapsed_ms)
    return {f"latency_p{q}_ms": _quantile(ordered, q / 100.0) for q in (50, 95, 99)}


def moment(milliseconds: float) -> str:
    """Return a moment of the Unix epoch as ISO 8601."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000.0, UTC).isoformat()
    except (OverflowError, OSError, ValueError) as error:
        raise refused(f"{milliseconds!r} is no time in milliseconds") from error


def refused(detail: str) -> UnusableInputError:
    """Return the error that says why a file is not what it was taken for."""
    return UnusableInputError(RULE, detail)


def number(value: object, what: str) -> float:
    """Return a finite number; names what it should have been."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise refused(f"{what} must be a number, got {ascii(value)[:80]}") from error
    if isinstance(value, bool) or not math.isfinite(found):
        raise refused(f"{what} must be a finite number, got {ascii(value)[:80]}")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvRows:
    """The rows of a table by column, and the columns' names."""

    names: Sequence[str]
    rows: Sequence[Mapping[str, str]]


def rows_of_csv(content: bytes) -> CsvRows:
    """Return a table with a head; one that is no CSV is refused."""
    table = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    try:
        return CsvRows(names=table.fieldnames or (), rows=list(table))
    except csv.Error as error:
        raise refused(f"line {table.line_num} is no CSV: {error}") from error


def document(content: bytes, kind: type, what: str) -> object:
    """Return a JSON document whose outermost value is of a kind."""
    found = read_foreign_json(content)
    if not isinstance(found, kind):
        raise refused(f"{what} is expected, a {type(found).__name__} stands in the file")
    return found


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Return a JSON object; names what it should have been."""
    if not isinstance(value, dict):
        raise refused(f"{what} must be an object, got {ascii(value)[:80]}")
    return value


def rows(value: object, what: str) -> list[Mapping[str, object]]:
    """Return a JSON list of objects that is not empty."""
    if not isinstance(value, list) or not value:
        raise refused(f"{what} must be a list with something in it")
    return [mapping(item, f"an entry of {what}") for item in value]


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
