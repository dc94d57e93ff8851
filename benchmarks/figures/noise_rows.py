"""The kinds of noise that the judge is put to, and how often it errs under each.

Every kind is measured twice: with nothing changed, and with 1 % of the cells slowed down by 100 %
and 5 % by 20 %, the size at which `unchanged` is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.figures.calibration_scenarios import METRICS, combinations
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.metric import Metric, Scale
from lm_assets.model.verdict import Verdict
from lm_assets.regression.calibration.measures import random_cells
from lm_assets.regression.calibration.noise import EventLaw, Noise, NoiseLaw
from lm_assets.regression.calibration.simulation import (
    InjectedEffect,
    SimulatedMatrix,
    moved_cells,
    simulate_values,
)
from lm_assets.regression.cell_judgement import compare_and_decide
from lm_assets.regression.cells.alignment import Cells, align_cells
from lm_assets.regression.cells.data_faults import fault_mask, find_faults
from lm_assets.regression.cells.evidence import plain_rule
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.cells.sources import choose_sources
from lm_assets.regression.cells.verdicts import Decisions
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.stats.validation import BoolArray

LARGE, AT_THE_MARGIN = 2.0, 1.2
LARGE_SHARE, MARGIN_SHARE = 0.01, 0.05
EVENTS_A_RUN = 0.8


@dataclass(frozen=True, kw_only=True)
class NoiseRow:
    """One kind of noise. ``most_false`` is how many false cells a campaign it is allowed.

    ``loud`` is the share of the cells that are louder, and how many times; ``spread_of_sd`` the
    range from which each cell's noise is drawn instead. ``current_loud`` holds for the current
    side alone. ``shift`` is the factor of a change of the whole matrix, ``beyond_shift`` that of
    the large effects in all. ``unit`` is what values are rounded to.
    """

    name: str
    noise: Noise = field(default_factory=Noise)
    runs: tuple[int, int] = (5, 5)
    loud: tuple[float, float] = (0.0, 1.0)
    current_loud: tuple[float, float] = (0.0, 1.0)
    spread_of_sd: tuple[float, float] | None = None
    shift: float = 1.0
    large: float = LARGE
    unit: float = 0.0
    counts: bool = False
    most_false: float = 0.1


def noise_rows() -> list[NoiseRow]:
    """Return every kind of noise, in the order of the page."""
    return [*_clean_rows(), *_shared_rows(), *_shift_rows(), *_event_rows()]


def _clean_rows() -> list[NoiseRow]:
    quiet = Noise(relative_sd=0.05)
    tails, modes = Noise(law=NoiseLaw.HEAVY_TAILED), Noise(law=NoiseLaw.TWO_MODES)
    return [
        *(
            NoiseRow(name=f"noise {100 * sd:.0f} %", noise=Noise(relative_sd=sd))
            for sd in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
        ),
        NoiseRow(name="each cell its own noise, 2 to 40 %", spread_of_sd=(0.02, 0.4)),
        NoiseRow(name="heavy tails (t, 3 df)", noise=tails),
        NoiseRow(name="two modes", noise=modes),
        NoiseRow(name="metrics of a run correlated 0.8", noise=Noise(shared=0.8)),
        NoiseRow(name="whole units (levels of about 6)", unit=10.0),
        NoiseRow(name="3 runs against 3", runs=(3, 3)),
        NoiseRow(name="5 runs against 2", runs=(5, 2)),
        NoiseRow(name="5 runs against 1", runs=(5, 1)),
        NoiseRow(name="10 runs against 3", runs=(10, 3)),
        NoiseRow(name="runs spread over nodes (sd 10 %)", noise=Noise(node_sd=0.1)),
        NoiseRow(name="first run of every cell 50 % slower", noise=Noise(warm_up=0.405)),
        NoiseRow(name="1 % of the cells at 30 %, the rest at 5 %", noise=quiet, loud=(0.01, 6.0)),
    ]


def _shared_rows() -> list[NoiseRow]:
    quiet, few = Noise(relative_sd=0.05), (0.1, 4.0)
    pinned = Noise(node_sd=0.1, is_pinned=True)
    rows = [
        NoiseRow(name="current runs twice as noisy", current_loud=(1.0, 2.0)),
        *(
            NoiseRow(
                name=f"current runs 4 × noisier in 10 % of the cells, {a} against {b}",
                noise=quiet,
                current_loud=few,
                runs=(a, b),
            )
            for a, b in ((5, 5), (10, 3), (5, 2))
        ),
        NoiseRow(name="each cell drifts by a slope of its own", noise=Noise(drift_sd=0.2)),
        NoiseRow(name="autocorrelation 0.5", noise=Noise(autocorrelation=0.5)),
        NoiseRow(name="autocorrelation 0.8", noise=Noise(autocorrelation=0.8)),
        NoiseRow(name="combinations pinned to 10 nodes (sd 10 %)", noise=pinned),
        NoiseRow(name="one node a combination (sd 10 %)", noise=replace(pinned, nodes=1000)),
        NoiseRow(
            name="one node a combination (sd 5 %)", noise=replace(pinned, nodes=1000, node_sd=0.05)
        ),
        NoiseRow(name="each combination on one of 3 days", noise=replace(pinned, nodes=3)),
    ]
    return [replace(row, most_false=0.5) for row in rows]


def _shift_rows() -> list[NoiseRow]:
    return [
        NoiseRow(
            name=f"everything {100 * shift - 100:+.1f} %, the large ones +30 % in all",
            shift=shift,
            large=1.3,
        )
        for shift in (1.03, 1.06, 1.095)
    ]


def _event_rows() -> list[NoiseRow]:
    clumped, varied = (
        Noise(event_law=law) for law in (EventLaw.CLUMPED, EventLaw.NEGATIVE_BINOMIAL)
    )
    return [
        NoiseRow(name="events, one by one (Poisson)", counts=True),
        NoiseRow(name="events, forty at a time", counts=True, noise=clumped, most_false=0.5),
        NoiseRow(name="events, negative binomial", counts=True, noise=varied, most_false=0.5),
    ]


@dataclass(frozen=True, kw_only=True)
class NoiseTrial:
    """What the judge made of one campaign of one kind of noise, as numbers of cells."""

    false: int
    suspected: int
    plain: int
    large: int = 0
    large_found: int = 0
    large_noticed: int = 0
    large_lost: int = 0
    margin: int = 0
    margin_unchanged: int = 0


def noise_trial(
    row: NoiseRow, settings: Configuration, seed: Sequence[int], *, is_changed: bool
) -> NoiseTrial:
    """Return what the judge makes of one campaign of this noise, changed or not."""
    rng = np.random.default_rng(seed)
    matrix, current_matrix = _matrices(row, settings, rng)
    effects = _effects(row, matrix, rng) if is_changed else ((), ())
    everywhere = (InjectedEffect(factor=row.shift),) if row.shift != 1.0 else ()
    large, margin = (moved_cells(matrix, chosen) for chosen in effects)
    sides = (
        (matrix, row.runs[0], ()),
        (current_matrix, row.runs[1], (*everywhere, *effects[0], *effects[1])),
    )
    tables = [_table(row, of, runs, put_in, rng) for of, runs, put_in in sides]
    policy = settings.regression.stages[Stage.NIGHTLY]
    cells = align_cells(*tables, settings.metrics)
    compared = compare_and_decide(
        cells,
        DimensionTable.of_combinations(cells.combinations, matrix.dimensions),
        choose_sources(cells)[1],
        fault_mask(cells, find_faults(cells)),
        policy=policy,
    )
    is_large, is_margin = (_mask(cells, chosen) for chosen in (large, margin))
    plain = plain_rule(cells, compared.own, policy)[0]
    return _tally(compared.decisions, plain, is_large=is_large, is_margin=is_margin)


def _matrices(
    row: NoiseRow, settings: Configuration, rng: np.random.Generator
) -> tuple[SimulatedMatrix, SimulatedMatrix]:
    names = ("failed_tasks",) if row.counts else METRICS
    metrics = [settings.metrics[name] for name in names]
    matrix = SimulatedMatrix.draw(combinations(), metrics, rng)
    if row.counts:
        matrix = replace(matrix, levels=np.full(matrix.levels.shape, EVENTS_A_RUN))
    shape = matrix.levels.shape
    loudness = np.where(rng.random(shape) < row.loud[0], row.loud[1], 1.0)
    if row.spread_of_sd is not None:
        low, high = np.log(row.spread_of_sd)
        loudness = np.exp(rng.uniform(low, high, size=shape)) / row.noise.relative_sd
    now = np.where(rng.random(shape) < row.current_loud[0], row.current_loud[1], 1.0)
    return replace(matrix, loudness=loudness), replace(matrix, loudness=loudness * now)


def _effects(
    row: NoiseRow, matrix: SimulatedMatrix, rng: np.random.Generator
) -> tuple[tuple[InjectedEffect, ...], tuple[InjectedEffect, ...]]:
    names = [c.id for c in matrix.combinations]
    metrics = [m.name for m in matrix.metrics if _can_be_moved(m, row)]
    chosen = random_cells(
        names, metrics, share=LARGE_SHARE + MARGIN_SHARE, factor=row.large / row.shift, rng=rng
    )
    n_large = max(1, round(len(chosen) * LARGE_SHARE / (LARGE_SHARE + MARGIN_SHARE)))
    if row.counts:
        return tuple(replace(e, factor=5.0) for e in chosen[:n_large]), ()
    margin = (replace(effect, factor=AT_THE_MARGIN / row.shift) for effect in chosen[n_large:])
    return chosen[:n_large], tuple(margin)


def _can_be_moved(metric: Metric, row: NoiseRow) -> bool:
    return metric.scale is (Scale.COUNT if row.counts else Scale.RATIO)


def _table(
    row: NoiseRow,
    matrix: SimulatedMatrix,
    runs: int,
    effects: tuple[InjectedEffect, ...],
    rng: np.random.Generator,
) -> SampleTable:
    values = simulate_values(matrix, row.noise, rng, runs=runs, effects=effects)
    if row.unit:
        values = np.maximum(np.round(values / row.unit), 1.0) * row.unit
    return matrix.table(values)


def _mask(cells: Cells, chosen: frozenset[tuple[str, str]]) -> BoolArray:
    names = zip(cells.combination_code.tolist(), cells.metric_code.tolist(), strict=True)
    return np.array(
        [(cells.combinations[c], cells.metrics[m].name) in chosen for c, m in names], dtype=np.bool_
    )


def _tally(
    decisions: Decisions, plain: BoolArray, *, is_large: BoolArray, is_margin: BoolArray
) -> NoiseTrial:
    rest = ~(is_large | is_margin)
    regressed, suspected, unchanged, improved = (
        decisions.has(verdict)
        for verdict in (
            Verdict.REGRESSED,
            Verdict.SUSPECTED,
            Verdict.UNCHANGED,
            Verdict.IMPROVED,
        )
    )

    def count(mask: BoolArray) -> int:
        return int(np.count_nonzero(mask))

    return NoiseTrial(
        false=count(regressed & rest),
        suspected=count(suspected & rest),
        plain=count(plain & rest),
        large=count(is_large),
        large_found=count(regressed & is_large),
        large_noticed=count((regressed | suspected) & is_large),
        large_lost=count((unchanged | improved) & is_large),
        margin=count(is_margin),
        margin_unchanged=count(unchanged & is_margin),
    )
