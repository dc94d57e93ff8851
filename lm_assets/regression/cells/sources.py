"""Which samples of a cell measure the same quantity: one class of sources, the others named."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lm_assets.model.provenance import UNKNOWN_SOURCE
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.validation import BoolArray, IntArray

_SIDES = ("baseline", "current")


@dataclass(frozen=True, kw_only=True, slots=True)
class CellSources:
    """The sources that each cell's samples came from.

    ``is_changed`` (shape (cells,)) tells which cells have no class of sources on both sides.
    ``runs`` counts, by cell and side, the runs of each named source, judged or left out;
    ``left_out`` those that are of another class than the judged one.
    """

    is_changed: BoolArray
    runs: Mapping[int, Mapping[str, Mapping[str, int]]]
    left_out: Mapping[int, Mapping[str, Mapping[str, int]]]


def choose_sources(cells: Cells) -> tuple[Cells, CellSources]:
    """Return the cells with the samples of one class of sources each, and what was chosen.

    Of the classes that both sides have, the one with most runs is judged. Where they have none in
    common each side keeps its own largest class, and nothing may be compared. A source that nobody
    named (a file of samples, a baseline from before sources were kept) is taken for any.
    """
    names = sorted({*cells.baseline.sources, *cells.current.sources} - {UNKNOWN_SOURCE})
    if not names or not len(cells):
        nothing = np.zeros(len(cells), dtype=np.bool_)
        return cells, CellSources(is_changed=nothing, runs={}, left_out={})
    classes = _class_codes(cells, names)
    codes = [_codes_of_samples(cells, side, names, classes) for side in _sides(cells)]
    n_classes = int(classes.max(initial=0)) + 1
    before, now = (
        _counted(side, code, n_classes) for side, code in zip(_sides(cells), codes, strict=True)
    )
    chosen_before, chosen_now, is_changed = _choice(before, now)
    kept = [
        (code == 0) | (code == chosen[side.ragged.cells])
        for side, code, chosen in zip(
            _sides(cells), codes, (chosen_before, chosen_now), strict=True
        )
    ]
    found = CellSources(
        is_changed=is_changed,
        runs=_runs_by_source(cells, [np.ones_like(mask) for mask in kept]),
        left_out=_runs_by_source(cells, [~mask for mask in kept]),
    )
    if all(mask.all() for mask in kept):
        return cells, found
    baseline, current = (side.where(mask) for side, mask in zip(_sides(cells), kept, strict=True))
    return replace(cells, baseline=baseline, current=current), found


def _sides(cells: Cells) -> tuple[CellSamples, CellSamples]:
    return cells.baseline, cells.current


def _class_codes(cells: Cells, names: list[str]) -> IntArray:
    """Return the class of every metric and named source, from 1 on, shape (metrics, sources)."""
    table = np.zeros((len(cells.metrics), len(names)), dtype=np.int64)
    for row, metric in enumerate(cells.metrics):
        classes = sorted({metric.class_of(name) for name in names})
        table[row] = [1 + classes.index(metric.class_of(name)) for name in names]
    return table


def _codes_of_samples(
    cells: Cells, side: CellSamples, names: list[str], classes: IntArray
) -> IntArray:
    """Return the class of every sample, 0 where nobody named its source."""
    position = {name: at for at, name in enumerate(names)}
    place = np.array([position.get(name, -1) for name in side.sources], dtype=np.int64)
    source = place[side.source_code]
    metric = cells.metric_code[side.ragged.cells]
    return np.where(source < 0, 0, classes[metric, source])


def _counted(side: CellSamples, codes: IntArray, n_classes: int) -> IntArray:
    n_cells = side.ragged.n_cells
    flat = np.bincount(side.ragged.cells * n_classes + codes, minlength=n_cells * n_classes)
    return flat.reshape(n_cells, n_classes)


def _choice(before: IntArray, now: IntArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the class that each side is judged by (0: whatever it has), and where they differ."""
    known_before, known_now = before[:, 1:], now[:, 1:]
    together = known_before + known_now
    shared = np.where((known_before > 0) & (known_now > 0), together, 0)
    has_shared = shared.sum(axis=1) > 0
    both_known = (known_before.sum(axis=1) > 0) & (known_now.sum(axis=1) > 0)
    in_common = 1 + np.where(has_shared[:, None], shared, together).argmax(axis=1)
    is_changed: BoolArray = both_known & ~has_shared
    chosen_before = np.where(is_changed, 1 + known_before.argmax(axis=1), in_common)
    chosen_now = np.where(is_changed, 1 + known_now.argmax(axis=1), in_common)
    return chosen_before, chosen_now, is_changed


def _runs_by_source(
    cells: Cells, masks: list[BoolArray]
) -> Mapping[int, Mapping[str, Mapping[str, int]]]:
    found: dict[int, dict[str, dict[str, int]]] = {}
    for name, side, mask in zip(_SIDES, _sides(cells), masks, strict=True):
        n_sources = len(side.sources)
        keys = side.ragged.cells[mask] * n_sources + side.source_code[mask]
        distinct, counts = np.unique(keys, return_counts=True)
        for key, count in zip(distinct.tolist(), counts.tolist(), strict=True):
            cell, code = divmod(key, n_sources)
            if source := side.sources[code]:
                found.setdefault(cell, {}).setdefault(name, {})[source] = count
    return found


def sources_phrase(explanation: Mapping[str, object], *, of: str = "sources") -> str:
    """Return what measured a cell, such as ``prometheus (5) → event log (5)``; empty where unknown.

    ``of`` may be ``sources_left_out``: the runs that another class of sources measured.
    """
    sides = explanation.get(of)
    if not isinstance(sides, Mapping):
        return ""
    told = [
        ", ".join(f"{source} ({runs})" for source, runs in sorted(sides[side].items()))
        if side in sides
        else "not named"
        for side in ("baseline", "current")
    ]
    return told[0] if told[0] == told[1] else " → ".join(told)
