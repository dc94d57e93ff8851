"""One series from a file: a number a line, a JSON array, CSV, or SAMPLES."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from lm_assets.cli.samples_file import Sample, read_samples
from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.errors import UnusableInputError

MAX_BYTES = 64 * 1024 * 1024
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


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
        Of a CSV file with several; without, the only numeric one.
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
        return Series(values=_of_array(path, text))
    lines = text.splitlines()
    if any("," in line or ";" in line or "\t" in line for line in lines) or column is not None:
        return Series(values=_of_csv(path, text, column))
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
    return bool(field) and field.lower() not in _MISSING and _parsed(field) is None


def _parsed(field: str) -> float | None:
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
    return value


def _of_array(path: Path, text: str) -> tuple[float, ...]:
    content = read_foreign_json(text.encode())
    for at, value in enumerate(content):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UnusableInputError(
                "not_a_number", f"{path}: element {at} must be a number or null, got {value!r}"
            )
    return tuple(math.nan if value is None else float(value) for value in content)


def _of_csv(path: Path, text: str, column: str | None) -> tuple[float, ...]:
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
    return tuple(
        _number(path, first + number, row[at] if at < len(row) else "")
        for number, row in enumerate(body)
    )


def _column(path: Path, names: list[str], body: list[list[str]], column: str | None) -> int:
    if column is not None:
        if column not in names:
            raise UnusableInputError("no_column", f"{path}: no column {column!r} among {names}")
        return names.index(column)
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
        raise UnusableInputError(
            "which_series",
            f"{path}: say --combination and --metric; there are {len(found)} series: {found[:10]}",
        )
    if all(sample.started_at is not None for sample in chosen):
        chosen.sort(key=lambda sample: (sample.started_at, sample.line))
    values = tuple(math.nan if s.value is None else s.value for s in chosen)
    return Series(values=values, metric=found[0][1])
