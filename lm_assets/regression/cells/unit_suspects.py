"""Values that look like another unit: far off the baseline, or off the other runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lm_assets.regression.cells.alignment import Cells
from lm_assets.stats.quantiles import sample_quantiles
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import BoolArray, FloatArray

# Honest changes are smaller; seconds for milliseconds, or bytes for kilobytes, are larger.
_FAR_OFF = 30.0
# Milli, and minutes: between the runs of one combination nothing else is of just that size.
_FACTORS = (1000.0, 60.0)
_WITHIN = 0.25


def find_unit_suspects(cells: Cells) -> Mapping[int, list[Mapping[str, object]]]:
    """Return the suspicious current runs of each cell, each with both readings of its value."""
    current = cells.current.ragged
    of_cell, values = current.cells, current.values
    before = _medians(cells.baseline.ragged)[of_cell]
    others = _medians(current)[of_cell]
    found: dict[int, list[Mapping[str, object]]] = {}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        far = np.abs(np.log(values / before)) > np.log(_FAR_OFF)
        ratio = values / others
        known = np.zeros(values.size)
        for factor in _FACTORS:
            known = np.where(_is_about(ratio, factor), factor, known)
            known = np.where(_is_about(ratio, 1.0 / factor), 1.0 / factor, known)
    suspect = (far | (known > 0.0)) & ~cells.is_count[of_cell]
    for at in np.flatnonzero(suspect).tolist():
        reading = _reading(cells, at, float(before[at]), float(known[at]))
        found.setdefault(int(of_cell[at]), []).append(reading)
    return found


def suspect_phrase(reading: Mapping[str, Any]) -> str:
    """Return a reading as a sentence, with both ways to read the value."""
    place = ", ".join(str(reading[name]) for name in ("combination", "metric") if name in reading)
    said = [f"{place}, run {reading['run']}: {reading['value']:g}"]
    if "baseline_median" in reading:
        before, times = reading["baseline_median"], reading["times_the_baseline"]
        said.append(f"{times:.3g} times the baseline's {before:g}")
    if "factor" in reading:
        factor, other = reading["factor"], reading["value_in_the_other_runs_unit"]
        said.append(f"a factor of {factor:g} off the other runs: in their unit {other:g}?")
    return "; ".join(said)


def _reading(cells: Cells, at: int, before: float, known: float) -> Mapping[str, object]:
    value = float(cells.current.ragged.values[at])
    reading: dict[str, Any] = {
        "run": cells.current.runs[cells.current.run_code[at]],
        "value": value,
    }
    if known:
        reading |= {"factor": known, "value_in_the_other_runs_unit": value / known}
    if np.isfinite(before):
        reading |= {"baseline_median": before, "times_the_baseline": value / before}
    return reading


def _is_about(ratio: FloatArray, factor: float) -> BoolArray:
    close: BoolArray = np.abs(np.log(ratio / factor)) < np.log1p(_WITHIN)
    return close


def _medians(samples: RaggedSamples) -> FloatArray:
    """Return each cell's median, NaN where there is no value or it is not above zero."""
    median = sample_quantiles(samples, [0.5])[:, 0]
    return np.where(median > 0.0, median, np.nan)
