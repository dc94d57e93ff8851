"""One column of a table: read only where every row fits the head, and never by elimination."""

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lm_assets.cli.samples.samples_file import MAX_MAGNITUDE
from lm_assets.model.errors import UnusableInputError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?.*|[0-9]{1,2}:[0-9]{2}.*")

_Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Values in time order, NaN where one is missing; ``metric`` where the file names it.

    ``column`` names the column of a table that was read. ``labels`` say when or of what each value
    is, and ``sources`` what measured it; both are empty where nothing does.
    """

    values: tuple[float, ...]
    metric: str | None = None
    column: str | None = None
    labels: tuple[str, ...] = ()
    sources: tuple[tuple[str, ...], ...] = ()


def checked(
    path: Path,
    values: list[float],
    *,
    column: str | None = None,
    labels: tuple[str, ...] = (),
) -> Series:
    """Return values as a series; none at all are refused."""
    if not values:
        raise UnusableInputError("no_values", f"{path}: the file has no value")
    return Series(values=tuple(values), column=column, labels=labels)


def read_table(path: Path, text: str, column: str | None) -> Series:
    """Return the series of one column of a CSV text, and name the column.

    Raises
    ------
    UnusableInputError
        Naming file, line and rule: for a row that has more or fewer fields than the head, a decimal
        comma, and a table of which it is not certain which column is meant.
    """
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.reader(io.StringIO(text), dialect)
    try:
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if row]
    except csv.Error as error:
        raise UnusableInputError("not_csv", f"{path}:{reader.line_num}: {error}") from error
    if not rows:
        raise UnusableInputError("no_values", f"{path}: the file has no value")
    head = rows[0][1]
    is_headed = any(is_name(field) for field in head)
    names = head if is_headed else [str(at) for at in range(len(head))]
    body = rows[1:] if is_headed else rows
    _refuse_what_does_not_fit(path, names, body)
    at = _column(path, names, body, column)
    values = [number(path, line, row[at]) for line, row in body]
    return checked(path, values, column=names[at], labels=_labels(body, at))


def _labels(body: _Rows, value_at: int) -> tuple[str, ...]:
    """Return the first other column that is no number, such as a date; empty without one."""
    for at in range(len(body[0][1]) if body else 0):
        column = tuple(row[at] for _, row in body)
        if at != value_at and any(text and _parsed(text) is None for text in column):
            return column
    return ()


def _refuse_what_does_not_fit(path: Path, names: list[str], body: _Rows) -> None:
    for line, row in body:
        if len(row) != len(names):
            raise UnusableInputError(
                "ragged_table",
                f"{path}:{line}: the row has {len(row)} fields, the head {len(names)}: "
                f"{', '.join(names)[:200]}",
            )
        if comma := next((field for field in row if _DECIMAL_COMMA.fullmatch(field)), None):
            raise UnusableInputError(
                "decimal_comma",
                f"{path}:{line}: {comma!a} has a decimal comma; write {comma.replace(',', '.')!a}",
            )


def _column(path: Path, names: list[str], body: _Rows, column: str | None) -> int:
    wanted = "value" if column is None and names.count("value") == 1 else column
    if wanted is not None:
        if names.count(wanted) != 1:
            raise UnusableInputError("no_column", f"{path}: no one column {wanted!r} among {names}")
        return names.index(wanted)
    numeric = [at for at in range(len(names)) if all(map(_is_number, _fields(body, at)))]
    # A column that only looks like numbers in part may be the one that is meant.
    rivals = [
        at
        for at in range(len(names))
        if at not in numeric and any(map(_looks_like_number, _fields(body, at)))
    ]
    if len(numeric) != 1 or rivals:
        found = [names[at] for at in numeric]
        odd = f"; {[names[at] for at in rivals]} are numbers in part" if rivals else ""
        raise UnusableInputError(
            "which_column", f"{path}: say --column; numeric columns are {found} of {names}{odd}"
        )
    return numeric[0]


def _fields(body: _Rows, at: int) -> Iterable[str]:
    return (row[at] for _, row in body)


def _is_number(field: str) -> bool:
    return field.lower() in MISSING or _parsed(field) is not None


def _looks_like_number(field: str) -> bool:
    starts_so = bool(field) and (field[0].isdigit() or field[0] in "+-.")
    return starts_so and not _MOMENT.fullmatch(field)


def is_name(field: str) -> bool:
    """Tell whether a field heads a column: a date or a broken number is a row, not its name."""
    is_word = bool(field) and not (field[0].isdigit() or field[0] in "+-.")
    return is_word and field.lower() not in MISSING and _parsed(field) is None


def _parsed(field: str) -> float | None:
    # Python would read 1_000 as a thousand; a file that holds it means something else.
    if "_" in field:
        return None
    try:
        return float(field)
    except ValueError:
        return None


def number(path: Path, line: int, field: str) -> float:
    """Return a field as a number, NaN where it says that there is none."""
    text = field.strip()
    if text.lower() in MISSING:
        return math.nan
    value = _parsed(text)
    if value is None or math.isinf(value):
        raise UnusableInputError(
            "not_a_number", f"{path}:{line}: must be a finite number or empty, got {text[:80]!a}"
        )
    return in_range(value, f"{path}:{line}")


def in_range(value: float, place: str) -> float:
    """Return a value whose square is still a number."""
    if abs(value) > MAX_MAGNITUDE:
        raise UnusableInputError(
            "out_of_range", f"{place}: must be within ±{MAX_MAGNITUDE:g}, got {value}"
        )
    return value
