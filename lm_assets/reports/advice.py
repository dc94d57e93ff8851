"""What to do next: from the verdict and the findings, each step with a command that works."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports.formatting import plural
from lm_assets.reports.insight import (
    WorstCombination,
    runs_needed,
    undecided_counts,
    worst_combinations,
)
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.phrases import metric_label

_MOST_STEPS, _MOST_NAMED = 3, 3
_RUNS_TO_CONFIRM = 5
_LOSSES = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED)
_NOTHING_ACCEPTED = (Verdict.NO_BASELINE, Verdict.INSUFFICIENT_DATA)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, as a sentence without its full stop, and the command that does it."""

    text: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command as a shell takes it."""
        return shlex.join(("lm", *self.arguments))


def next_steps(material: ReportMaterial) -> list[Step]:
    """Return what to do next, the most urgent first.

    Data is mended before anything is believed, a loss is looked into before it is accepted, and
    of a campaign that got worse no first baseline is made.
    """
    return list(_steps(material))[:_MOST_STEPS]


def _steps(material: ReportMaterial) -> Iterator[Step]:
    has = {cell.verdict for cell in material.verdict.cells}
    yield from _about_data(material, has)
    yield from _about_losses(material)
    yield from _about_suspicions(material)
    yield from _about_baselines(material, has)
    yield from _about_runs(material)


def _about_data(material: ReportMaterial, has: Iterable[Verdict]) -> Iterator[Step]:
    campaign = material.verdict.campaign
    if material.quarantined:
        refused = plural(len(material.quarantined), "refused line")
        yield Step(f"Mend the data: see why there is {refused}", ("quarantine", campaign))
    elif Verdict.DATA_FAULT in has:
        yield Step("Mend the data: see which values cannot be judged", _technical(campaign))
    if absent := _combinations(material, Verdict.NOT_RUN):
        text = f"Run what did not land: {plural(len(absent), 'combination')}"
        yield Step(text, _plan(absent, material.manifest.runs_per_combination or _RUNS_TO_CONFIRM))
    if Verdict.SOURCE_CHANGED in has:
        yield Step(
            "Bring back the source that the baseline was measured by: cells whose source changed "
            "compare nothing",
            ("doctor",),
        )


def _about_losses(material: ReportMaterial) -> Iterator[Step]:
    worst = worst_combinations(material, (Verdict.REGRESSED,))
    if not worst:
        return
    first = worst[0]
    if material.changed_environment():
        yield Step(
            "Compare in one environment before blaming the code: baseline and current in turn on "
            "one node",
            _plan([first.combination], _RUNS_TO_CONFIRM, "--paired"),
        )
    campaign, lead = material.verdict.campaign, first.lead
    label = metric_label(material.metrics, lead.metric)
    if material.why(first.combination):
        found = ("explain", "--campaign", campaign, "--combination", first.combination)
        yield Step(f"See why {label} of {first.combination} got worse{_beside(worst)}", found)
    else:
        text = f"Look at the runs of {first.combination}, whose {label} got worse{_beside(worst)}"
        yield Step(text, _technical(campaign))
    yield Step(
        "Only if the loss is meant, see what would be accepted, with your ticket and reason",
        (
            *("baseline", "update", "--campaign", campaign, "--combination", first.combination),
            *_acknowledging(material, first.combination),
            *("--reason", "why it is meant", "--dry-run"),
        ),
    )


def _acknowledging(material: ReportMaterial, combination: str) -> Iterator[str]:
    """Yield the options that name every loss of a combination: one unnamed would be refused."""
    for cell in material.verdict.cells:
        if cell.combination == combination and cell.verdict in _LOSSES:
            yield from ("--acknowledge", f"{cell.metric}=TICKET-1")


def _beside(worst: Iterable[WorstCombination]) -> str:
    more = len(list(worst)) - 1
    return f", and with it {plural(more, 'other combination')}" if more else ""


def _about_suspicions(material: ReportMaterial) -> Iterator[Step]:
    suspected = _combinations(material, Verdict.SUSPECTED)
    if not suspected:
        return
    state = material.verdict.confirmation
    text = f"Run {plural(len(suspected), 'suspected combination')} again to confirm"
    if state is not None and state.is_open:
        text += f", as confirmations/{material.verdict.campaign}.json says"
    yield Step(text, _plan(suspected, _RUNS_TO_CONFIRM, "--paired"))


def _about_baselines(material: ReportMaterial, has: Iterable[Verdict]) -> Iterator[Step]:
    """Yield how to make first baselines, where the campaign is sound enough to be one."""
    if {Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED, Verdict.DATA_FAULT} & set(has):
        return
    compared = {c.combination for c in material.verdict.cells if c.verdict not in _NOTHING_ACCEPTED}
    new = [n for n in _combinations(material, Verdict.NO_BASELINE) if n not in compared]
    if new:
        text = f"Make the first baselines of {plural(len(new), 'combination')} from this campaign"
        yield Step(text, ("baseline", "init", "--campaign", material.verdict.campaign))


def _about_runs(material: ReportMaterial) -> Iterator[Step]:
    needed = runs_needed(material.verdict.cells)
    if Verdict.INCONCLUSIVE not in undecided_counts(material.verdict.cells) or not needed:
        return
    runs = needed[len(needed) // 2]
    deciding = sorted(
        {c.combination for c in material.verdict.cells if _is_decided_by(c, runs)},
    )
    text = (
        f"Make {runs} runs per side: they would decide half of {plural(len(needed), 'open cell')}"
    )
    yield Step(text, _plan(deciding, runs))


def _is_decided_by(cell: CellVerdict, runs: int) -> bool:
    is_open = cell.verdict is Verdict.INCONCLUSIVE and cell.runs_needed is not None
    return is_open and (cell.runs_needed or 0) <= runs


def _combinations(material: ReportMaterial, verdict: Verdict) -> list[str]:
    return sorted({c.combination for c in material.verdict.cells if c.verdict is verdict})


def _plan(combinations: Iterable[str], runs: int, *more: str) -> tuple[str, ...]:
    """Return the plan of some combinations; of many, that of the first few shows how."""
    named = [("--combination", name) for name in list(combinations)[:_MOST_NAMED]]
    return ("plan", *more, "--runs", str(runs), *(part for pair in named for part in pair))


def _technical(campaign: str) -> tuple[str, ...]:
    return ("report", "--campaign", campaign, "--layer", "technical.html")
