"""The judge put to the test: campaigns with known truth, and how often it was right."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from lm_assets.model.campaign import Stage
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import CampaignVerdict, Verdict
from lm_assets.regression.calibration.simulation import InjectedEffect
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.judge import judge
from lm_assets.stats.describe import describe
from lm_assets.stats.proportion import Proportion, proportion
from lm_assets.stats.ragged import RaggedSamples

Cell = tuple[str, str]

_NOTICED = frozenset({Verdict.REGRESSED, Verdict.SUSPECTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownCampaign:
    """A campaign of which it is known what was done to it.

    ``moved`` are the (combination, metric) cells that an injected effect reached.
    """

    baseline: SampleTable
    current: SampleTable
    dimensions: Mapping[str, Mapping[str, str]]
    moved: frozenset[Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What the judge made of one known campaign, or of several in a row, by metric.

    ``unmoved`` counts the cells that nothing was done to and ``false_alarms`` those of them that
    were called regressed, ``plain_alarms`` those that the plain rule alone would have called;
    ``moved`` counts the others. ``found`` and ``noticed`` (regressed or suspected) map those that
    were to the campaign, counted from 0, in which they first were.
    """

    campaigns: int
    unmoved: Mapping[str, int]
    false_alarms: Mapping[str, int]
    plain_alarms: Mapping[str, int]
    moved: Mapping[str, int]
    found: Mapping[Cell, int]
    noticed: Mapping[Cell, int]
    is_as_expected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationRow:
    """How one scenario went over many campaigns; ``metric`` empty means all of them together.

    ``false_alarms`` and ``plain_alarms`` are cells per campaign, ``false_alarm_rate`` the share of
    unmoved cells; ``as_expected`` is the share of campaigns that ended as the scenario demands.
    ``delay_campaigns`` is how much later than possible a found cell was found, on average, with the
    interval of that mean; None where a scenario has one campaign or nothing was found, the interval
    also where only one cell was.
    """

    scenario: str
    stage: str
    metric: str
    campaigns: int
    false_alarms: float
    plain_alarms: float
    false_alarm_rate: Proportion
    recall: Proportion
    noticed: Proportion
    as_expected: Proportion
    delay_campaigns: float | None
    delay_ci95: tuple[float, float] | None = None


Expectation = Callable[[CampaignVerdict, KnownCampaign], bool]


def run_trial(
    known: KnownCampaign,
    *,
    stage: Stage,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    expectation: Expectation | None = None,
) -> Trial:
    """Return what the judge makes of one known campaign."""
    verdict = judge(
        campaign="calibration",
        stage=stage,
        baseline=known.baseline,
        current=known.current,
        metrics=metrics,
        policy=policy,
        dimensions=known.dimensions,
    )
    return Trial(
        campaigns=1,
        **_tally(verdict, known),
        found=dict.fromkeys(_called(verdict, known, {Verdict.REGRESSED}), 0),
        noticed=dict.fromkeys(_called(verdict, known, _NOTICED), 0),
        is_as_expected=expectation is None or expectation(verdict, known),
    )


def _called(verdict: CampaignVerdict, known: KnownCampaign, verdicts: Set[Verdict]) -> list[Cell]:
    return [
        (cell.combination, cell.metric)
        for cell in verdict.cells
        if cell.verdict in verdicts and (cell.combination, cell.metric) in known.moved
    ]


def _tally(verdict: CampaignVerdict, known: KnownCampaign) -> dict[str, dict[str, int]]:
    tally: dict[str, dict[str, int]] = {
        name: {} for name in ("unmoved", "false_alarms", "plain_alarms", "moved")
    }
    for cell in verdict.cells:
        is_moved = (cell.combination, cell.metric) in known.moved
        events = {
            "unmoved": not is_moved,
            "false_alarms": not is_moved and cell.verdict is Verdict.REGRESSED,
            "plain_alarms": not is_moved and cell.explanation["plain_rule"] is True,
            "moved": is_moved,
        }
        for name, happened in events.items():
            of_metric = tally[name]
            of_metric[cell.metric] = of_metric.get(cell.metric, 0) + happened
    return tally


def joined(trials: Sequence[Trial]) -> Trial:
    """Return campaigns in a row as one trial: a cell is found when any of them finds it."""
    found: dict[Cell, int] = {}
    noticed: dict[Cell, int] = {}
    for at, trial in enumerate(trials):
        for cells, first in ((trial.found, found), (trial.noticed, noticed)):
            for cell in cells:
                first.setdefault(cell, at)
    sums = {
        name: _summed([getattr(trial, name) for trial in trials])
        for name in ("unmoved", "false_alarms", "plain_alarms")
    }
    return Trial(
        campaigns=len(trials),
        **sums,
        moved=trials[0].moved,
        found=found,
        noticed=noticed,
        is_as_expected=all(trial.is_as_expected for trial in trials),
    )


def _summed(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(count.get(name, 0) for count in counts) for name in counts[0]}


def calibration_rows(scenario: str, stage: Stage, trials: Sequence[Trial]) -> list[CalibrationRow]:
    """Return the figures of a scenario: all metrics together first, then each."""
    names = sorted({name for trial in trials for name in trial.unmoved})
    return [_row(scenario, stage, trials, metric) for metric in ("", *names)]


def _row(scenario: str, stage: Stage, trials: Sequence[Trial], metric: str) -> CalibrationRow:
    def total(name: str) -> int:
        counts = (getattr(trial, name) for trial in trials)
        return sum(c.get(metric, 0) if metric else sum(c.values()) for c in counts)

    def first_found(name: str) -> list[int]:
        return [
            at
            for trial in trials
            for (_, of_metric), at in getattr(trial, name).items()
            if metric in ("", of_metric)
        ]

    campaigns = sum(trial.campaigns for trial in trials)
    delays = first_found("found")
    is_in_a_row = campaigns > len(trials)
    return CalibrationRow(
        scenario=scenario,
        stage=stage.value,
        metric=metric,
        campaigns=campaigns,
        false_alarms=total("false_alarms") / campaigns,
        plain_alarms=total("plain_alarms") / campaigns,
        false_alarm_rate=proportion(total("false_alarms"), total("unmoved")),
        recall=proportion(len(delays), total("moved")),
        noticed=proportion(len(first_found("noticed")), total("moved")),
        as_expected=proportion(sum(trial.is_as_expected for trial in trials), len(trials)),
        delay_campaigns=sum(delays) / len(delays) if delays and is_in_a_row else None,
        delay_ci95=_interval_of_mean(delays) if is_in_a_row else None,
    )


def _interval_of_mean(delays: Sequence[int]) -> tuple[float, float] | None:
    if len(delays) < 2:
        return None
    described = describe(RaggedSamples.from_lists([delays]))
    # No cell is found before it can be.
    return max(0.0, float(described.ci_low[0])), float(described.ci_high[0])


def at_most_one_false_cell(verdict: CampaignVerdict, known: KnownCampaign) -> bool:
    """Expect no more than one regressed cell that nothing was done to."""
    false = [
        cell
        for cell in verdict.cells
        if cell.verdict is Verdict.REGRESSED and (cell.combination, cell.metric) not in known.moved
    ]
    return len(false) <= 1


def only_a_common_shift(verdict: CampaignVerdict, _: KnownCampaign) -> bool:
    """Expect one finding, the matrix-wide shift, and not one regressed cell."""
    kinds = [finding.kind for finding in verdict.findings]
    return kinds == ["common_shift"] and not verdict.counts.get(Verdict.REGRESSED, 0)


def only_this_place(where: Mapping[str, str]) -> Expectation:
    """Expect one finding, which names exactly these dimension values."""

    def expectation(verdict: CampaignVerdict, _: KnownCampaign) -> bool:
        places = [(finding.kind, dict(finding.where)) for finding in verdict.findings]
        return places == [("dimension", dict(where))]

    return expectation


def random_cells(
    combinations: Sequence[str],
    metrics: Sequence[str],
    *,
    share: float,
    factor: float,
    rng: np.random.Generator,
) -> tuple[InjectedEffect, ...]:
    """Return steps of a factor in a share of the cells, at least one, drawn without repetition."""
    total = len(combinations) * len(metrics)
    chosen = rng.choice(total, size=max(1, round(share * total)), replace=False)
    return tuple(
        InjectedEffect(
            factor=factor,
            combinations=(combinations[at // len(metrics)],),
            metrics=(metrics[at % len(metrics)],),
        )
        for at in chosen.tolist()
    )
