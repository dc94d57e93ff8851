"""One series from a file: a number a line, a JSON array, CSV, or SAMPLES."""

import math
from pathlib import Path

from lm_assets.cli.samples.samples_file import Sample, read_samples
from lm_assets.cli.samples.series_table import (
    Series,
    checked,
    in_range,
    is_name,
    number,
    read_table,
)
from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.errors import UnusableInputError

MAX_BYTES = 64 * 1024 * 1024
_MOST_NAMED = 10


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
        return checked(path, _of_array(path, text))
    lines = text.splitlines()
    if any("," in line or ";" in line or "\t" in line for line in lines) or column is not None:
        return read_table(path, text, column)
    first = lines[0].strip() if lines else ""
    # A column of numbers under its name is a CSV file with one column.
    body = enumerate(lines[1:], start=2) if is_name(first) else enumerate(lines, start=1)
    while lines and not lines[-1].strip():
        lines.pop()
    values = [number(path, at, field) for at, field in body if at <= len(lines)]
    return checked(path, values, column=first if is_name(first) else None)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise UnusableInputError("unreadable", f"{path}: it is no regular file")
        if path.stat().st_size > MAX_BYTES:
            raise UnusableInputError("too_large", f"{path}: more than {MAX_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnusableInputError("unreadable", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableInputError("not_utf8", f"{path}: byte {error.start}") from error


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
        math.nan if value is None else float(in_range(value, f"{path}: element {at}"))
        for at, value in enumerate(content)
    ]


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
    labels = tuple(s.started_at.isoformat() if s.started_at else f"run {s.run}" for s in chosen)
    sources = tuple((s.measured_by,) if s.measured_by else () for s in chosen)
    return Series(values=values, metric=found[0][1], labels=labels, sources=sources)
