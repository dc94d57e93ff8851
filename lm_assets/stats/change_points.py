"""Where a series moved to another level: change points that one strange run does not make."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.split_scan import MIN_SEGMENT, row_medians, scan_splits, seeded_windows
from lm_assets.stats.split_thresholds import MIN_POINTS, split_threshold
from lm_assets.stats.state import State
from lm_assets.stats.validation import FloatArray, IntArray, above_zero, finite_vector

# Windows of this many series are ranked together: enough to keep NumPy busy, small enough for the
# processor's cache.
_SERIES_PER_BLOCK = 64
# Change points settle in two or three passes; the bound is for two that keep pushing each other.
_MOST_PASSES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePoints:
    """The level shifts of one series.

    ``indices`` are the first points after each change, ascending, counted from 0; ``strengths``
    their |z| within the stretch between their neighbours, and ``threshold`` what it had to reach;
    ``levels`` are the medians before, between and after them, in the unit of the series.
    """

    n: int
    indices: tuple[int, ...]
    strengths: tuple[float, ...]
    levels: tuple[float, ...]
    threshold: float
    state: State

    @property
    def shifts(self) -> tuple[float, ...]:
        """Level after − level before, for each change point."""
        return tuple(b - a for a, b in itertools.pairwise(self.levels))


def find_change_points(values: npt.ArrayLike) -> ChangePoints:
    """Return the level shifts of one series.

    Parameters
    ----------
    values : array, shape (points,)
        In time order, missing points left out.

    Returns
    -------
    ChangePoints
        ``INSUFFICIENT_DATA`` below `MIN_POINTS` points. A constant series has none.

    Raises
    ------
    ValueError
        When a value is not finite.

    Notes
    -----
    The strongest split by clipped scores (`scan_splits`) is sought in windows of all sizes; of
    those above the threshold the narrowest counts first, since it is the likeliest to hold one
    change only, and both sides are searched again. At the end every change point is placed and
    tested anew between its neighbours, and the weakest that fails is dropped. The threshold is
    such that 0.8 % of series of normal noise have a change point, and under 2 % of heavy-tailed,
    two-moded or mildly skewed ones; give logarithms of ``ratio`` metrics.

    Points are assumed independent: serial correlation (a slow drift, a node that stays) makes more
    change points. A shift of five times the noise shows after 3 points of the new level, one of
    twice the noise after about 7.

    References
    ----------
    Kovács, Li, Bühlmann, Munk (2023), "Seeded binary segmentation"; Baranowski, Chen, Fryzlewicz
    (2019), "Narrowest-over-threshold detection of multiple change points".

    Examples
    --------
    From the eleventh night on, runs take 14 s instead of 10; the 30 s of the third is a spike:

    >>> nights = [10.1, 9.8, 30.0, 10.2, 9.9, 10.0, 9.7, 10.3, 10.1, 10.0, 14.1, 13.8, 14.2, 13.9]
    >>> find_change_points(nights).indices
    (10,)
    """
    return find_change_points_of_many(finite_vector("values", values)[None, :])[0]


def find_change_points_of_many(
    series: npt.ArrayLike, *, threshold: float | None = None
) -> tuple[ChangePoints, ...]:
    """Return the level shifts of many series of one length, as `find_change_points` does.

    Parameters
    ----------
    series : array, shape (series, points)
    threshold : float, optional
        Strength that a change point must reach; without it that of `split_threshold`.

    Raises
    ------
    ValueError
        When there are not two dimensions, or a value is not finite.
    """
    rows = np.asarray(series, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"series must have two dimensions, got shape {rows.shape}")
    finite_vector("series", rows.ravel())
    n_series, n_points = rows.shape
    if n_points < MIN_POINTS:
        return tuple(_too_short(n_points) for _ in range(n_series))
    least = split_threshold(n_points) if threshold is None else above_zero("threshold", threshold)
    found: list[ChangePoints] = []
    for first in range(0, n_series, _SERIES_PER_BLOCK):
        block = rows[first : first + _SERIES_PER_BLOCK]
        for row, splits in zip(block, _strong_splits(block, least), strict=True):
            indices = _search_between(row, _narrowest_first(row, splits), least)
            found.append(_describe(row, _refine(row, indices, least), least))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Split:
    start: int
    end: int
    at: int
    strength: float


def _too_short(n_points: int) -> ChangePoints:
    return ChangePoints(
        n=n_points,
        indices=(),
        strengths=(),
        levels=(),
        threshold=np.nan,
        state=State.INSUFFICIENT_DATA,
    )


def _windows(block: FloatArray, length: int, starts: IntArray) -> FloatArray:
    every = np.lib.stride_tricks.sliding_window_view(block, length, axis=1)
    return every[:, starts].reshape(-1, length)


def _strong_splits(block: FloatArray, threshold: float) -> list[list[_Split]]:
    """Return, per series, the strongest split of each window that reaches the threshold."""
    found: list[list[_Split]] = [[] for _ in range(block.shape[0])]
    for length, starts in seeded_windows(block.shape[1], min_strength=threshold):
        strength, split = scan_splits(_windows(block, length, starts))
        for i in np.flatnonzero(strength >= threshold):
            row, window = divmod(int(i), starts.size)
            start = int(starts[window])
            at = start + int(split[i])
            found[row].append(_Split(start, start + length, at, float(strength[i])))
    return found


def _narrowest_first(row: FloatArray, candidates: list[_Split]) -> list[int]:
    """Return the change points of the narrowest windows, each window taken with no other inside."""
    chosen: list[int] = []
    for split in sorted(candidates, key=lambda s: (s.end - s.start, -s.strength)):
        if not any(split.start < at < split.end for at in chosen) and _has_moved(row, split):
            chosen.append(split.at)
    return sorted(chosen)


def _refine(row: FloatArray, indices: list[int], threshold: float) -> list[_Split]:
    """Place and test every change point between its neighbours until nothing moves."""
    for _ in range(_MOST_PASSES):
        placed = _placed(row, indices)
        weakest = min(placed, key=lambda split: split.strength, default=None)
        if weakest is None:
            return []
        if weakest.strength < threshold:
            indices = [at for at, s in zip(indices, placed, strict=True) if s is not weakest]
            continue
        moved = sorted({split.at for split in placed})
        if moved == indices:
            return placed
        indices = moved
    return [split for split in _placed(row, indices) if split.strength >= threshold]


def _placed(row: FloatArray, indices: list[int]) -> list[_Split]:
    edges = [0, *indices, row.size]
    return [
        _scan(row, edges[i], edges[i + 2]) or _Split(edges[i], edges[i + 2], at, 0.0)
        for i, at in enumerate(indices)
    ]


def _scan(row: FloatArray, start: int, end: int) -> _Split | None:
    if end - start < 2 * MIN_SEGMENT:
        return None
    strength, split = scan_splits(row[None, start:end])
    found = _Split(start, end, start + int(split[0]), float(strength[0]))
    return found if _has_moved(row, found) else None


def _has_moved(row: FloatArray, split: _Split) -> bool:
    """Tell whether the two sides differ in their medians: else there is one level.

    Where nearly all values are equal, as counts of rare events are, a lone spike is all the spread
    there is and stands out by any standard.
    """
    return _level(row, split.start, split.at) != _level(row, split.at, split.end)


def _level(row: FloatArray, start: int, end: int) -> float:
    return float(row_medians(row[None, start:end])[0, 0])


def _search_between(row: FloatArray, indices: list[int], threshold: float) -> list[int]:
    if not indices:
        return []
    known = list(indices)
    stack = list(zip([0, *known], [*known, row.size], strict=True))
    while stack:
        start, end = stack.pop()
        split = _scan(row, start, end)
        if split is not None and split.strength >= threshold:
            known.append(split.at)
            stack += [(start, split.at), (split.at, end)]
    return sorted(known)


def _describe(row: FloatArray, splits: list[_Split], threshold: float) -> ChangePoints:
    indices = [s.at for s in splits]
    edges = [0, *indices, row.size]
    return ChangePoints(
        n=row.size,
        indices=tuple(indices),
        strengths=tuple(s.strength for s in splits),
        levels=tuple(_level(row, a, b) for a, b in itertools.pairwise(edges)),
        threshold=threshold,
        state=State.OK,
    )
