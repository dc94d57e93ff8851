"""What a campaign's verdict shows of alerts: its causes, and which cells are in order."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lm_assets.alerts.likely_cause import likely_cause
from lm_assets.model.alert import CellOutcomes, Observation, Sighting
from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.ownership import OwnerRule, owner_of
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.own_baseline import OWN_BASELINE
from lm_assets.regression.verdict.phrases import confirmation_phrase

CLEAN, REGRESSED, SUSPECTED, UNDECIDED, ABSENT = "c", "r", "s", "-", " "
WHOLE_CAMPAIGN = "campaign"

_LETTERS = {
    Verdict.UNCHANGED: CLEAN,
    Verdict.IMPROVED: CLEAN,
    Verdict.ACCEPTED_TRADEOFF: CLEAN,
    Verdict.REGRESSED: REGRESSED,
    Verdict.SUSPECTED: SUSPECTED,
}
# From this share of a cause's combinations on, a metric that is worse there belongs to the cause.
_JOINING_SHARE = 0.25
_MOST_COMBINATIONS_IN_MESSAGE = 3


def observe(
    verdict: CampaignVerdict,
    *,
    at: datetime,
    told: Collection[Verdict] = (),
    causes: Sequence[CombinationCauses] = (),
    owners: Sequence[OwnerRule] = (),
    dimensions: Mapping[str, Mapping[str, str]] | None = None,
) -> Observation:
    """Return what a campaign shows.

    Parameters
    ----------
    at : datetime
        The campaign's place in time.
    told : collection of Verdict
        Verdicts that people want to hear of: one that no finding stands for is a cause of its own.
    causes : sequence of CombinationCauses
        Why combinations got worse, where the profiles of their runs tell.
    owners, dimensions : sequence of OwnerRule, mapping
        Who looks after what, and the dimension values of each combination.
    """
    outcomes = cell_outcomes(verdict.cells)
    units = {cell.metric: cell.change_unit for cell in verdict.cells}
    worse = [f for f in verdict.findings if f.severity in {Verdict.REGRESSED, *told}]
    sightings = [_sighting(group, outcomes, units, causes) for group in _by_place(worse)]
    if verdict.verdict in told and verdict.verdict not in {s.verdict for s in sightings}:
        sightings.append(_of_campaign(verdict))
    return Observation(
        campaign=verdict.campaign,
        stage=str(verdict.stage),
        at=at,
        verdict=verdict.verdict,
        sightings=tuple(_owned(s, owners, dimensions or {}) for s in sightings),
        outcomes=outcomes,
    )


def _owned(
    sighting: Sighting, owners: Sequence[OwnerRule], dimensions: Mapping[str, Mapping[str, str]]
) -> Sighting:
    places = [{**dimensions.get(c, {}), **sighting.where} for c in sighting.combinations]
    return replace(sighting, owner=owner_of(owners, places or [sighting.where]))


def cell_outcomes(cells: Iterable[CellVerdict]) -> CellOutcomes:
    """Return every cell as a letter; a cell that there is not is a space."""
    letters: dict[str, dict[str, str]] = defaultdict(dict)
    for cell in cells:
        # Compared with itself, a campaign shows nothing of what became of an alert.
        is_own = OWN_BASELINE in cell.flags
        letter = UNDECIDED if is_own else _LETTERS.get(cell.verdict, UNDECIDED)
        letters[cell.combination][cell.metric] = letter
    combinations = sorted(letters)
    metrics = sorted({metric for row in letters.values() for metric in row})
    return CellOutcomes(
        combinations=tuple(combinations),
        metrics=tuple(metrics),
        rows=tuple("".join(letters[c].get(m, ABSENT) for m in metrics) for c in combinations),
    )


def letters_of(
    outcomes: CellOutcomes, combinations: Collection[str], metrics: Collection[str]
) -> str:
    """Return the letters of some cells; of all combinations, or metrics, where none are named."""
    of_metrics = [i for i, m in enumerate(outcomes.metrics) if not metrics or m in metrics]
    return "".join(
        row[i]
        for name, row in zip(outcomes.combinations, outcomes.rows, strict=True)
        if not combinations or name in combinations
        for i in of_metrics
    )


def _by_place(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings that are about one place together: several metrics have one cause."""
    places: dict[object, list[Finding]] = {}
    for finding in findings:
        places.setdefault(_place(finding), []).append(finding)
    return list(places.values())


def _place(finding: Finding) -> object:
    where = tuple(sorted(finding.where.items()))
    if where or finding.kind == "common_shift":
        return finding.kind, where
    metric = "" if finding.kind == "cell" else finding.metric
    return finding.kind, metric, tuple(sorted(finding.combinations))


def _sighting(
    findings: list[Finding],
    outcomes: CellOutcomes,
    units: Mapping[str, str],
    causes: Sequence[CombinationCauses],
) -> Sighting:
    named = findings[0]
    sizes: dict[str, float] = {}
    for finding in findings:
        for metric, size in _sizes(finding).items():
            sizes[metric] = max(size, sizes.get(metric, 0.0))
    combinations = tuple(sorted({c for f in findings for c in f.combinations}))
    metrics = {f.metric for f in findings if f.metric} | sizes.keys()
    if combinations:
        metrics |= _joining(outcomes, combinations)
    known = {**{f.metric: f.change_unit for f in findings}, **units}
    return Sighting(
        kind=named.kind,
        metric=named.metric,
        verdict=named.severity,
        where=dict(named.where),
        combinations=combinations,
        metrics=tuple(sorted(metrics)),
        change=named.change,
        change_ci95=named.change_ci95,
        change_unit=named.change_unit,
        sizes=dict(sorted(sizes.items())),
        units={metric: known[metric] for metric in sorted(sizes) if metric in known},
        cells=sum(finding.cells for finding in findings),
        message="; ".join(finding.message for finding in findings if finding.message),
        likely_cause=likely_cause(findings, causes, combinations=combinations, metrics=metrics),
    )


def _sizes(finding: Finding) -> Mapping[str, float]:
    """Return by how much each metric of a finding got worse, where a size is known."""
    sizes = {}
    told = finding.explanation.get("metrics")
    for metric, figures in told.items() if isinstance(told, Mapping) else ():
        is_worse = figures.get("severity", Verdict.REGRESSED) == finding.severity
        if is_worse and isinstance(figures.get("change"), int | float):
            sizes[str(metric)] = abs(float(figures["change"]))
    if finding.change is not None:
        sizes[finding.metric] = abs(finding.change)
    return sizes


def _joining(outcomes: CellOutcomes, combinations: Collection[str]) -> set[str]:
    chosen = set(combinations)
    return {
        metric
        for metric in outcomes.metrics
        if (letters := letters_of(outcomes, chosen, {metric}))
        and letters.count(REGRESSED) + letters.count(SUSPECTED) >= _JOINING_SHARE * len(letters)
        and letters.count(REGRESSED)
    }


def _of_campaign(verdict: CampaignVerdict) -> Sighting:
    cells = [cell for cell in verdict.cells if cell.verdict is verdict.verdict]
    combinations = tuple(sorted({cell.combination for cell in cells}))
    shown = ", ".join(combinations[:_MOST_COMBINATIONS_IN_MESSAGE])
    more = len(combinations) - _MOST_COMBINATIONS_IN_MESSAGE
    places = f" in {shown}" + (f" and {more} more" if more > 0 else "") if shown else ""
    words = verdict.verdict.value.replace("_", " ")
    notes = "; ".join(verdict.notes)
    message = f"{len(cells)} cells {words}{places}" if cells else notes or f"campaign {words}"
    fresh_runs = confirmation_phrase(verdict) if verdict.verdict is Verdict.SUSPECTED else ""
    return Sighting(
        kind=WHOLE_CAMPAIGN,
        metric="",
        verdict=verdict.verdict,
        combinations=combinations,
        cells=len(cells),
        message=f"{message}. {fresh_runs}" if fresh_runs else message,
    )


def joined(one: Sighting, *others: Sighting) -> Sighting:
    """Return a sighting with the metrics and sizes of others of the same cause."""
    sizes = dict(one.sizes)
    units = dict(one.units)
    metrics = set(one.metrics)
    for other in others:
        metrics |= set(other.metrics)
        units |= other.units
        for metric, size in other.sizes.items():
            sizes[metric] = max(size, sizes.get(metric, 0.0))
    return replace(one, metrics=tuple(sorted(metrics)), sizes=sizes, units=units)
