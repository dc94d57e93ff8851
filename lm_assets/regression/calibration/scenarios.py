"""What is done to campaigns to calibrate the judge: nothing, steps, ramps, spikes, more noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.model.campaign import Stage
from lm_assets.model.metric import MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.calibration.measures import KnownCampaign, Trial, joined, run_trial
from lm_assets.regression.calibration.replay import CampaignSource
from lm_assets.regression.calibration.simulation import EffectKind, InjectedEffect, moved_cells


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationScenario:
    """One kind of change in a share of the cells, over a number of campaigns in a row.

    Without a ``kind`` nothing is changed: every regressed cell is a false alarm.
    """

    name: str
    kind: EffectKind | None = None
    factor: float = 1.5
    share: float = 0.05
    length: int = 1


def shipped_scenarios(*, factor: float, share: float, length: int) -> list[CalibrationScenario]:
    """Return the scenarios of ``lm calibrate``."""
    step = f"+{100 * factor - 100:.0f} %"
    return [
        CalibrationScenario(name="nothing changed (A/A)"),
        CalibrationScenario(
            name=f"step {step}", kind=EffectKind.STEP, factor=factor, share=share, length=length
        ),
        CalibrationScenario(
            name=f"ramp to {step} in {length} campaigns",
            kind=EffectKind.RAMP,
            factor=factor,
            share=share,
            length=length,
        ),
        CalibrationScenario(
            name=f"one run {step} (spike)", kind=EffectKind.SPIKE, factor=factor, share=share
        ),
        CalibrationScenario(
            name="noise doubled", kind=EffectKind.VARIANCE, factor=2.0, share=share
        ),
    ]


def run_scenario(
    scenario: CalibrationScenario,
    source: CampaignSource,
    rng: np.random.Generator,
    *,
    stage: Stage,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Trial:
    """Return what the judge makes of one series of campaigns against one baseline."""
    deal = source.deal(rng)
    effects = _effects(scenario, source, rng)
    moved = moved_cells(source.matrix, effects)
    trials = [
        run_trial(
            KnownCampaign(
                baseline=deal.baseline,
                current=deal.current(rng, effects, progress=(at + 1) / scenario.length),
                dimensions=source.matrix.dimensions,
                moved=moved,
            ),
            stage=stage,
            metrics=metrics,
            policy=policy,
        )
        for at in range(scenario.length)
    ]
    return joined(trials)


def _effects(
    scenario: CalibrationScenario, source: CampaignSource, rng: np.random.Generator
) -> Sequence[InjectedEffect]:
    if scenario.kind is None:
        return ()
    names = [c.id for c in source.matrix.combinations]
    # Events of single cells are too few for any factor to show.
    metrics = [m.name for m in source.matrix.metrics if m.scale is not Scale.COUNT]
    total = len(names) * len(metrics)
    chosen = rng.choice(total, size=max(1, round(scenario.share * total)), replace=False)
    return tuple(
        InjectedEffect(
            kind=scenario.kind,
            factor=scenario.factor,
            combinations=(names[at // len(metrics)],),
            metrics=(metrics[at % len(metrics)],),
        )
        for at in chosen.tolist()
    )
