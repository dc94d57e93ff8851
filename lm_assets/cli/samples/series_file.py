"""One series from a file: a number a line, a JSON array, CSV, or SAMPLES."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from lm_assets.cli.samples.samples_file import MAX_MAGNITUDE, Sample, read_samples
from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.errors import UnusableInputError

MAX_BYTES = 64 * 1024 * 1024
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})

_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Values in time order, NaN where one is missing; ``metric`` where the file names it."""

    values: tuple[float, ...]
    metric: str | None = None


def read_series(
    path: Path, *, column: str | None = None, combination: str | None, metric: str | None
) -> Series:
    """Return the series of a file.

    Parameters
    ----------
    column : str, optional
        Of a CSV file with several; without, the one named ``value``, or else the only numeric one.
    combination, metric : str, optional
        Which series of a SAMPLES file that has several. Its values are in the order of
        ``started_at`` where every line has one, else in that of the file.

    Raises
    ------
    UnusableInputError
        Naming file, line and rule, for what is no series.
    """
    text = _text(path)
    start = text.lstrip()[:1]
    if start == "{":
        return _of_samples(path, read_samples(path), combination, metric)
    if start == "[":
        return _checked(path, _of_array(path, text))
    lines = text.splitlines()
    if any("," in line or ";" in line or "\t" in line for line in lines) or column is not None:
        return _checked(path, _of_csv(path, text, column))
    first = lines[0].strip() if lines else ""
    # A column of numbers under its name is a CSV file with one column.
    body = enumerate(lines[1:], start=2) if _is_name(first) else enumerate(lines, start=1)
    while lines and not lines[-1].strip():
        lines.pop()
    return _checked(path, [_number(path, at, field) for at, field in body if at <= len(lines)])


def _checked(path: Path, values: list[float]) -> Series:
    if not values:
        raise UnusableInputError("no_values", f"{path}: the file has no value")
    return Series(values=tuple(values))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnusableInputError("too_large", f"{path}: more than {MAX_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnusableInputError("unreadable", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableInputError("not_utf8", f"{path}: byte {error.start}") from error


def _is_name(field: str) -> bool:
    """Tell whether a field heads a column: a date or a broken number is a row, not its name."""
    is_word = bool(field) and not (field[0].isdigit() or field[0] in "+-.")
    return is_word and field.lower() not in _MISSING and _parsed(field) is None


def _parsed(field: str) -> float | None:
    # Python would read 1_000 as a thousand; a file that holds it means something else.
    if "_" in field:
        return None
    try:
        return float(field)
    except ValueError:
        return None


def _number(path: Path, line: int, field: str) -> float:
    text = field.strip()
    if text.lower() in _MISSING:
        return math.nan
    value = _parsed(text)
    if value is None or math.isinf(value):
        raise UnusableInputError(
            "not_a_number", f"{path}:{line}: must be a finite number or empty, got {text[:80]!a}"
        )
    return _in_range(value, f"{path}:{line}")


def _in_range(value: float, place: str) -> float:
    if abs(value) > MAX_MAGNITUDE:
        raise UnusableInputError(
            "out_of_range", f"{place}: must be within ±{MAX_MAGNITUDE:g}, got {value}"
        )
    return value


def _of_array(path: Path, text: str) -> list[float]:
    try:
        content = read_foreign_json(text.encode())
    except UnusableInputError as error:
        raise UnusableInputError(error.rule, f"{path}: {error.detail}") from error
    for at, value in enumerate(content):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UnusableInputError(
                "not_a_number", f"{path}: element {at} must be a number or null, got {value!r}"
            )
    return [
        math.nan if value is None else float(_in_range(value, f"{path}: element {at}"))
        for at, value in enumerate(content)
    ]


def _of_csv(path: Path, text: str, column: str | None) -> list[float]:
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = [row for row in csv.reader(io.StringIO(text), dialect) if row]
    head = rows[0]
    is_headed = any(_is_name(field.strip()) for field in head)
    names = [field.strip() for field in head] if is_headed else [str(at) for at in range(len(head))]
    body = rows[1:] if is_headed else rows
    at = _column(path, names, body, column)
    first = 2 if is_headed else 1
    return [
        _number(path, first + number, row[at] if at < len(row) else "")
        for number, row in enumerate(body)
    ]


def _column(path: Path, names: list[str], body: list[list[str]], column: str | None) -> int:
    if column is not None:
        if column not in names:
            raise UnusableInputError("no_column", f"{path}: no column {column!r} among {names}")
        return names.index(column)
    if names.count("value") == 1:
        return names.index("value")
    numeric = [
        at
        for at in range(len(names))
        if all(
            row[at].strip().lower() in _MISSING or _parsed(row[at]) is not None
            for row in body
            if at < len(row)
        )
    ]
    if len(numeric) != 1:
        found = [names[at] for at in numeric]
        raise UnusableInputError(
            "which_column", f"{path}: say --column; numeric columns are {found} of {names}"
        )
    return numeric[0]


def _of_samples(
    path: Path, samples: list[Sample], combination: str | None, metric: str | None
) -> Series:
    chosen = [
        sample
        for sample in samples
        if combination in (None, sample.combination) and metric in (None, sample.metric)
    ]
    found = sorted({(sample.combination, sample.metric) for sample in chosen})
    if len(found) != 1:
        named = "; ".join(f"{name} of {of}" for of, name in found[:_MOST_NAMED]) or "none of these"
        more = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise UnusableInputError(
            "which_series",
            f"{path}: say --combination and --metric; there are {len(found)} series: {named}{more}",
        )
    if all(sample.started_at is not None for sample in chosen):
        chosen.sort(key=lambda sample: (sample.started_at, sample.line))
    values = tuple(math.nan if s.value is None else s.value for s in chosen)
    return Series(values=values, metric=found[0][1])
