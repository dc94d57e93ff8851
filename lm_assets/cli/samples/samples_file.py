"""SAMPLES files: one JSON object a line, a value of a metric in a run of a combination."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import LARGEST_VALUE
from lm_assets.model.provenance import UNKNOWN_SOURCE, is_at_least, lower_bound_of, source_of
from lm_assets.regression.cells.sample_table import SampleTable

MAX_LINE_BYTES = 64 * 1024
MAX_MAGNITUDE = LARGEST_VALUE
_TEXTS = ("combination", "metric")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One line. ``value`` is None where the file says null: the run has no value of the metric.

    ``source`` is what measured it, empty where the line does not say; ``is_at_least`` marks a
    value that is known to be a lower bound. ``environment`` is the fingerprint under which the run
    was made and ``node`` where it was, empty where the line does not say.
    """

    combination: str
    metric: str
    run: str
    value: float | None
    started_at: datetime | None
    file: Path
    line: int
    source: str = UNKNOWN_SOURCE
    is_at_least: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    node: str = ""

    @property
    def measured_by(self) -> str:
        """What measured it; of a lower bound its own name, and empty where nobody says."""
        return lower_bound_of(self.source) if self.is_at_least else self.source

    @property
    def place(self) -> str:
        """Where the sample stands, for messages."""
        return f"{self.file}:{self.line}"


def read_samples(path: Path) -> list[Sample]:
    """Return the samples of a file, in its order; blank lines are skipped.

    Raises
    ------
    UnusableInputError
        Naming file, line and rule, for the first line that cannot be used; and for a file without
        a sample.
    """
    samples = list(_samples(path, _lines(path)))
    if not samples:
        raise UnusableInputError("no_samples", f"{path}: the file has no sample")
    seen: dict[tuple[str, str, str], int] = {}
    for sample in samples:
        key = (sample.combination, sample.metric, sample.run)
        if key in seen:
            raise UnusableInputError(
                "duplicate_sample",
                f"{sample.place}: run {sample.run!r} of {sample.combination!r} has a second "
                f"{sample.metric}; the first is on line {seen[key]}",
            )
        seen[key] = sample.line
    return samples


def sample_table(samples: Iterable[Sample]) -> SampleTable:
    """Return samples as a table; missing values are left out."""
    return SampleTable.from_rows(
        (s.combination, s.metric, s.run, s.value, s.source, s.is_at_least)
        for s in samples
        if s.value is not None
    )


def metric_places(samples: Iterable[Sample]) -> Mapping[str, str]:
    """Return the name of every metric, and where it is first used."""
    first: dict[str, Sample] = {}
    for sample in samples:
        first.setdefault(sample.metric, sample)
    return {name: sample.place for name, sample in first.items()}


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        if path.exists() and not path.is_file():  # a pipe may never end
            raise UnusableInputError("unreadable", f"{path}: it is no regular file")
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise UnusableInputError(
                        "line_too_long", f"{path}:{number}: more than {MAX_LINE_BYTES} bytes"
                    )
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UnusableInputError("unreadable", f"{path}: {error.strerror}") from error


def _samples(path: Path, lines: Iterable[tuple[int, bytes]]) -> Iterator[Sample]:
    for number, line in lines:
        try:
            yield _sample(read_foreign_json(line), path, number)
        except UnusableInputError as error:
            raise UnusableInputError(error.rule, f"{path}:{number}: {error.detail}") from error


def _sample(fields: Any, file: Path, line: int) -> Sample:
    if not isinstance(fields, dict):
        raise UnusableInputError("not_an_object", f"a {type(fields).__name__} stands on the line")
    for name in (*_TEXTS, "run", "value"):
        if name not in fields:
            raise UnusableInputError("missing_field", f"{name} is not given")
    for name in _TEXTS:
        if not isinstance(fields[name], str) or not fields[name]:
            raise UnusableInputError("wrong_type", f"{name} must be text, got {fields[name]!r}")
    run = fields["run"]
    if isinstance(run, float) and run.is_integer():
        run = int(run)
    if isinstance(run, bool) or not isinstance(run, str | int) or run == "":
        raise UnusableInputError("wrong_type", f"run must be a number or text, got {run!r}")
    return Sample(
        combination=fields["combination"],
        metric=fields["metric"],
        run=str(run),
        value=_value(fields["value"]),
        started_at=_moment(fields.get("started_at")),
        file=file,
        line=line,
        source=source_of(_source(fields.get("source"))),
        is_at_least=_is_at_least(fields.get("at_least"))
        or is_at_least(_source(fields.get("source"))),
        environment=_environment(fields.get("environment")),
        node=_text_or_empty("node", fields.get("node")),
    )


def _environment(value: object) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UnusableInputError(
            "wrong_type", f"environment must map names to texts, got {value!r}"
        )
    return value


def _text_or_empty(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnusableInputError("wrong_type", f"{name} must be text, got {value!r}")
    return value


def _source(value: object) -> str:
    if value is None:
        return UNKNOWN_SOURCE
    if not isinstance(value, str):
        raise UnusableInputError("wrong_type", f"source must be text, got {value!r}")
    return value


def _is_at_least(value: object) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise UnusableInputError("wrong_type", f"at_least must be true or false, got {value!r}")
    return value


def _value(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableInputError("wrong_type", f"value must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError as error:
        raise UnusableInputError("not_finite", "value is beyond the range of a number") from error
    if not abs(number) <= MAX_MAGNITUDE:
        raise UnusableInputError(
            "out_of_range", f"value must be within ±{MAX_MAGNITUDE:g}, got {number}"
        )
    return number


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise UnusableInputError("wrong_type", f"started_at must be text, got {text!r}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError("time", f"started_at must be ISO 8601, got {text!r}") from error
    if moment.tzinfo is None:
        raise UnusableInputError("time", f"started_at must say its time zone, got {text!r}")
    return moment
