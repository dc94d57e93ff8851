"""Metrics that the catalogue does not know: assumed by their unit, and never silently."""

from collections.abc import Mapping, Sequence

import click

from lm_assets.model.errors import UnusableInputError
from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale, Tier

_NOISE_FLOOR = {Scale.RATIO: 0.01, Scale.POINTS: 0.5, Scale.COUNT: 0.0}
# The longest suffix that fits decides: a rate per second is no number of seconds.
_SUFFIXES: dict[str, tuple[Scale, Direction]] = {
    **dict.fromkeys(
        ("_per_s", "_per_sec", "_rows_s", "_ops_s", "_bytes_s", "_mib_s", "_mb_s", "_rps", "_qps"),
        (Scale.RATIO, Direction.HIGHER),
    ),
    **dict.fromkeys(
        ("_s", "_ms", "_us", "_ns", "_sec", "_seconds", "_minutes", "_bytes", "_mib", "_gib"),
        (Scale.RATIO, Direction.LOWER),
    ),
    "_pct": (Scale.POINTS, Direction.LOWER),
    "_count": (Scale.COUNT, Direction.LOWER),
}


def catalogue_for(
    names: Mapping[str, str], known: MetricCatalogue, declared: Sequence[str] = ()
) -> tuple[MetricCatalogue, tuple[Metric, ...]]:
    """Return a catalogue that knows every name, and the metrics that had to be assumed.

    Parameters
    ----------
    names : mapping
        Every name, with the place where it is first used, for messages.
    declared : sequence of str
        ``NAME=SCALE,DIRECTION`` from the command line; they stand before the catalogue.

    Raises
    ------
    UnusableInputError
        When a name is neither known nor declared, and ends with no unit.
    """
    own = [_declared(text) for text in declared]
    named = {metric.name for metric in own}
    catalogue = [metric for metric in known if metric.name not in named]
    missing = sorted(set(names) - named - set(known.names))
    assumed = tuple(_assumed(name, names[name]) for name in missing)
    return MetricCatalogue((*catalogue, *own, *assumed)), assumed


def describe(metric: Metric) -> str:
    """Return an assumed metric as a sentence for stderr."""
    return (
        f"metric {metric.name!r} is not in metrics.yaml: judged as {metric.scale.value}, "
        f"{metric.direction.value} is better, because of its unit"
    )


def _assumed(name: str, place: str) -> Metric:
    suffix = max((s for s in _SUFFIXES if name.endswith(s)), key=len, default=None)
    if suffix is None:
        raise UnusableInputError(
            "unknown_metric",
            f"{place}: {name!r} is not in metrics.yaml and its name ends with no unit of "
            f"{', '.join(_SUFFIXES)}; add it there, or say --metric {name}=ratio,lower",
        )
    scale, direction = _SUFFIXES[suffix]
    try:
        return _metric(name, scale, direction, unit=suffix.removeprefix("_"))
    except ValueError as error:
        raise UnusableInputError("metric_name", f"{place}: {error}") from error


def _declared(text: str) -> Metric:
    name, _, rest = text.partition("=")
    scale, _, direction = rest.partition(",")
    try:
        return _metric(name, Scale(scale), Direction(direction), unit="")
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} must be NAME=SCALE,DIRECTION with one of {[s.value for s in Scale]} and "
            f"{[d.value for d in Direction]}: {error}",
            param_hint="--metric",
        ) from error


def _metric(name: str, scale: Scale, direction: Direction, *, unit: str) -> Metric:
    return Metric(
        name=name,
        tier=Tier.PERFORMANCE,
        unit=unit,
        direction=direction,
        scale=scale,
        noise_floor=_NOISE_FLOOR[scale],
    )
