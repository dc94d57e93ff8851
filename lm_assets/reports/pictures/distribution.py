"""The runs of both sides: every value as a dot over a box, and where the threshold lies."""

from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from lm_assets.reports.formatting import plural, quantity
from lm_assets.reports.pictures.canvas import RULE, framed, nice_ticks, path, text
from lm_assets.reports.pictures.marks import BASELINE_COLOUR, CURRENT_COLOUR, Mark, drawn

_LANES = (("base", BASELINE_COLOUR, 0.28), ("current", CURRENT_COLOUR, 0.72))
_LEFT, _RIGHT, _AXIS = 66.0, 14.0, 22.0


def distribution_svg(
    baseline: Sequence[float],
    current: Sequence[float],
    *,
    label: str,
    unit: str,
    threshold: float | None = None,
    width: float = 460,
    height: float = 92,
) -> str:
    """Return baseline (above) and current runs (below) on one labelled axis.

    Parameters
    ----------
    baseline, current : sequence of float
        Values of the runs, in ``unit``.
    threshold : float, optional
        The value from which on the metric counts as worse.
    """
    title = f"{label}: {plural(len(baseline), 'baseline run')}, {plural(len(current), 'run')}"
    words = distribution_words(baseline, current, unit=unit, threshold=threshold)
    if not baseline and not current:
        return framed("", title=title, description=words, width=width, height=height)
    plot = {"x": _LEFT, "y": 4.0, "width": width - _LEFT - _RIGHT, "height": height - _AXIS - 4}
    low, high = _ends((*baseline, *current), threshold)
    base = height - _AXIS
    ticks = nice_ticks(low, high)
    at = [_LEFT + (t - low) / ((high - low) or 1.0) * plot["width"] for t in ticks]
    axis = path(
        f"M{_LEFT:.1f} {base:.1f}H{width - _RIGHT:.1f}"
        + "".join(f"M{x:.1f} {base:.1f}v4" for x in at),
        "axis",
        stroke=RULE,
        fill="none",
    )
    labels = "".join(
        text(x, base + 16, quantity(t, unit), anchor="middle")
        for x, t in zip(at, ticks, strict=True)
    )
    sides = "".join(
        text(_LEFT - 8, 4 + plot["height"] * share + 4, name, anchor="end")
        for name, share in (("baseline", _LANES[0][2]), ("current", _LANES[1][2]))
    )
    marks = drawn(distribution_marks(baseline, current, threshold=threshold, **plot))
    body = axis + labels + sides + marks
    return framed(body, title=title, description=words, width=width, height=height)


def distribution_marks(
    baseline: Sequence[float],
    current: Sequence[float],
    *,
    threshold: float | None,
    x: float,
    y: float,
    width: float,
    height: float,
) -> Iterator[Mark]:
    """Return both sides as boxes (quartiles, median) under dots, on one linear scale of their own.

    The threshold is a dashed line where it lies within one more span of the values.
    """
    if not baseline and not current:
        return
    low, high = _ends((*baseline, *current), threshold)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return x + (0.5 if high == low else (value - low) / span) * width

    if threshold is not None and low <= threshold <= high:
        yield (
            f'class="limit" stroke="{RULE}" stroke-width="0.8" stroke-dasharray="2 2"',
            f"M{place(threshold):.1f} {y:.1f}v{height:.1f}",
        )
    half = height * 0.16
    for samples, (name, colour, share) in zip((baseline, current), _LANES, strict=True):
        if not samples:
            continue
        middle = y + height * share
        first, centre, third = (place(v) for v in _quartiles(samples))
        yield (
            f'class="{name} box" fill="{colour}" fill-opacity="0.22"',
            f"M{first:.1f} {middle - half:.1f}H{third:.1f}v{2 * half:.1f}H{first:.1f}z",
        )
        whisker = f"M{place(min(samples)):.1f} {middle:.1f}H{place(max(samples)):.1f}"
        at_median = f"M{centre:.1f} {middle - half:.1f}v{2 * half:.1f}"
        line = f'class="{name}" stroke="{colour}" fill="none"'
        yield f'{line} stroke-width="1.2"', whisker + at_median
        # A zero-length step with a round cap is a dot, and a path can hold any number of them.
        dot = f'stroke-opacity="0.75" stroke-width="{min(4.4, height / 4):.1f}"'
        dots = "".join(f"M{place(value):.1f} {middle:.1f}h0" for value in samples)
        yield f'{line} {dot} stroke-linecap="round"', dots


def distribution_words(
    baseline: Sequence[float],
    current: Sequence[float],
    *,
    unit: str,
    threshold: float | None = None,
) -> str:
    """Return both sides in words: how many, from where to where, and their medians."""
    said = []
    for name, samples in (("Baseline", baseline), ("Current", current)):
        if not samples:
            said.append(f"{name}: no value.")
            continue
        low, centre, high = (
            quantity(v, unit) for v in (min(samples), median(samples), max(samples))
        )
        said.append(f"{name}: {plural(len(samples), 'run')}, {low} to {high}, median {centre}.")
    if threshold is not None:
        said.append(f"Threshold {quantity(threshold, unit)}.")
    return " ".join(said)


def _quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    if len(samples) == 1:
        return (samples[0],) * 3
    first, centre, third = quantiles(samples, n=4, method="inclusive")
    return first, centre, third


def _ends(values: Sequence[float], threshold: float | None) -> tuple[float, float]:
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    if threshold is not None and low - span <= threshold <= high + span:
        low, high = min(low, threshold), max(high, threshold)
    room = 0.04 * (high - low)
    return low - room, high + room
