"""The metrics of a result line: by their names and fields in ``metrics.yaml``, and their units.

A number whose name is a metric's with another unit (``latency_p95_s`` for ``latency_p95_ms``) is
converted. One that looks like a metric and whose unit cannot be told is left out and said.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import Measurements, out_of_bounds
from lm_assets.model.metric import Metric, MetricCatalogue, MetricField, Scale

SOURCE = "result line"
# Two spellings of one value differ by their rounding, and times in whole seconds by two of them.
_SAME = 1.01
_CLOCK_S = 2.0

# Factors to the first unit of each kind.
_SUFFIXES: tuple[Mapping[str, float], ...] = (
    {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
        **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), 1e-3),
        **dict.fromkeys(("us", "usec", "micros", "microseconds"), 1e-6),
        **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
        **dict.fromkeys(("min", "mins", "minutes"), 60.0),
        **dict.fromkeys(("h", "hours"), 3600.0),
    },
    {
        **dict.fromkeys(("bytes", "byte", "b"), 1.0),
        "kb": 1e3,
        "mb": 1e6,
        "gb": 1e9,
        "tb": 1e12,
        "kib": 2.0**10,
        "mib": 2.0**20,
        "gib": 2.0**30,
        "tib": 2.0**40,
    },
    {**dict.fromkeys(("pct", "percent"), 1.0), **dict.fromkeys(("share", "fraction"), 100.0)},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMetrics:
    """What a result line says of metrics, the fields it was said in, and what was left unread."""

    measurements: Measurements
    fields: frozenset[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LineMetrics:
    """How the metrics of one catalogue are read from a line; made once for a catalogue."""

    fields_of: tuple[tuple[Metric, tuple[MetricField, ...]], ...]
    by_stem: Mapping[str, Metric]

    @classmethod
    def of_catalogue(cls, metrics: MetricCatalogue) -> "LineMetrics":
        """Return how the metrics of a catalogue are read."""
        return _line_metrics(metrics.metrics)

    def read(self, fields: Mapping[str, Any], duration: tuple[float | None, str]) -> ReadMetrics:
        """Return what a line's fields say.

        Parameters
        ----------
        fields : mapping
            The line.
        duration : (float or None, str)
            What the line's times say, and how or why not; where no field gives the duration.

        Raises
        ------
        UnusableInputError
            ``wrong_type``, ``not_finite`` or ``out_of_range``.
        """
        values: dict[str, float] = {}
        provenance: dict[str, str] = {}
        missing: dict[str, str] = {}
        used: set[str] = set()
        for metric, candidates in self.fields_of:
            found = next((f for f in candidates if fields.get(f.name) not in (None, "")), None)
            if found is not None:
                used.add(found.name)
                values[metric.name] = _measured(fields[found.name], found, metric)
                provenance[metric.name] = f"{SOURCE}: {_origin(found)}"
            elif metric.fields:
                missing[metric.name] = f"the result line has no {candidates[0].name}"
        notes = self._read_other_units(fields, used, values, provenance)
        notes += _differing(fields, values, provenance, self.fields_of, duration)
        _read_times(duration, self.by_stem, values, provenance, missing)
        _derive_throughput(fields, values, provenance, missing)
        gaps = {name: why for name, why in missing.items() if name not in values}
        return ReadMetrics(
            measurements=Measurements(values=values, missing=gaps, provenance=provenance),
            fields=frozenset(used),
            notes=tuple(notes),
        )

    def _read_other_units(
        self,
        fields: Mapping[str, Any],
        used: set[str],
        values: dict[str, float],
        provenance: dict[str, str],
    ) -> list[str]:
        notes: list[str] = []
        for name, value in fields.items():
            if name in used or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            metric, guess = self._guess(name)
            if metric is None or metric.name in values:
                continue
            if isinstance(guess, MetricField):
                used.add(name)
                values[metric.name] = _measured(value, guess, metric)
                provenance[metric.name] = f"{SOURCE}: {_origin(guess)}"
            else:
                notes.append(f"{name} was not read: it may be {metric.name} in another unit")
        return notes

    def _guess(self, name: str) -> tuple[Metric | None, MetricField | None]:
        """Return the metric that a field may be of, and how to read it where its unit is known."""
        stem, factor, kind = _taken_apart(name)
        metric = self.by_stem.get(stem) or self.by_stem.get(stem.rpartition("_")[0])
        if metric is None or name in {f.name for f in metric.fields}:
            return None, None
        own_stem, own_factor, own_kind = _taken_apart(metric.name)
        if stem == own_stem and kind == own_kind:
            return metric, MetricField(name=name, factor=factor / own_factor)
        return metric, None


def _differing(
    fields: Mapping[str, Any],
    values: Mapping[str, float],
    provenance: Mapping[str, str],
    fields_of: Iterable[tuple[Metric, tuple[MetricField, ...]]],
    duration: tuple[float | None, str],
) -> list[str]:
    """Return where a line says two things of one metric, of which the first was read."""
    notes = [
        f"{other.name} says another {metric.name} than {provenance[metric.name]}, which was read"
        for metric, candidates in fields_of
        if len(candidates) > 1 and metric.name in values
        for other in candidates
        if _is_other(fields.get(other.name), other.factor, values[metric.name])
    ]
    seconds, origin = duration
    if seconds is not None and values.get("duration_s", 0.0) > seconds * _SAME + _CLOCK_S:
        notes.append(f"duration_s is longer than {origin}")
    return notes


def _is_other(value: Any, factor: float, read: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return abs(float(value) * factor - read) > (_SAME - 1.0) * abs(read)
    except OverflowError:
        # What is beyond the range of a number is not what was read.
        return True


@lru_cache(maxsize=8)
def _line_metrics(metrics: tuple[Metric, ...]) -> LineMetrics:
    listed = []
    stems: dict[str, Metric] = {}
    for metric in metrics:
        names = [f.name for f in metric.fields]
        own = () if metric.name in names else (MetricField(name=metric.name),)
        listed.append((metric, (*own, *metric.fields)))
        stem, _, kind = _taken_apart(metric.name)
        if kind is not None:
            stems[stem] = metric
    return LineMetrics(fields_of=tuple(listed), by_stem=stems)


@lru_cache(maxsize=4096)
def _taken_apart(name: str) -> tuple[str, float, int | None]:
    """Return a name without its unit, the unit's factor, and its kind; the whole without one."""
    stem, _, suffix = name.rpartition("_")
    for kind, factors in enumerate(_SUFFIXES):
        if stem and suffix.lower() in factors:
            return stem, factors[suffix.lower()], kind
    return name, 1.0, None


def _measured(value: Any, found: MetricField, metric: Metric) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableInputError(
            "wrong_type", f"{found.name} must be a number, got {_shown(value)}"
        )
    try:
        number = float(value) * found.factor
    except OverflowError as error:
        raise UnusableInputError(
            "not_finite", f"{found.name} is beyond the range of a number"
        ) from error
    if (reason := out_of_bounds(number)) is not None:
        raise UnusableInputError("out_of_range", f"{found.name}: {reason}")
    is_possible = number > 0.0 if metric.name == "duration_s" else number >= 0.0
    if not (is_possible or metric.scale is Scale.POINTS):
        raise UnusableInputError("out_of_range", f"{found.name} must not be {_shown(value)}")
    return number


def _origin(found: MetricField) -> str:
    return found.name if found.factor == 1.0 else f"{found.name} x {found.factor:g}"


def _shown(value: object) -> str:
    return ascii(value)[:80]


def _read_times(
    duration: tuple[float | None, str],
    by_stem: Mapping[str, Metric],
    values: dict[str, float],
    provenance: dict[str, str],
    missing: dict[str, str],
) -> None:
    """Fill the duration from the line's start and end where no field gave it."""
    seconds, origin = duration
    if "duration_s" in values or "duration" not in by_stem:
        return
    if seconds is None:
        missing["duration_s"] = origin
    else:
        values["duration_s"], provenance["duration_s"] = seconds, f"{SOURCE}: {origin}"


def _derive_throughput(
    fields: Mapping[str, Any],
    values: dict[str, float],
    provenance: dict[str, str],
    missing: Mapping[str, str],
) -> None:
    """Fill the throughput from the rows read, else written, and the duration."""
    for name in _given(fields, ("rows_read", "rows_written")):
        rows = _rows(fields[name], name)
        if rows == 0.0 or "throughput_rows_s" in values or "duration_s" not in values:
            continue
        if "throughput_rows_s" not in missing:
            continue  # the catalogue does not have it
        throughput = rows / values["duration_s"]
        if (reason := out_of_bounds(throughput)) is not None:
            raise UnusableInputError("out_of_range", f"{name} / duration: {reason}")
        values["throughput_rows_s"] = throughput
        provenance["throughput_rows_s"] = f"{SOURCE}: {name} / duration"


def _rows(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableInputError("wrong_type", f"{name} must be a number, got {_shown(value)}")
    try:
        rows = float(value)
    except OverflowError as error:
        raise UnusableInputError("not_finite", f"{name} is beyond the range of a number") from error
    if rows < 0.0:
        raise UnusableInputError("out_of_range", f"{name} must not be {_shown(value)}")
    return rows


def _given(fields: Mapping[str, Any], spellings: tuple[str, ...]) -> Iterator[str]:
    return (name for name in spellings if fields.get(name) not in (None, ""))
