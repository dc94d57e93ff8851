"""What did not come, or could not be used: said of each cell it concerns, and as findings.

A cell that was never run must not be passed over, and one that was run less often than promised
must not pass: of fewer runs only what they show to be worse is believed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.campaign_context import CampaignContext

# Stands for every metric of a combination of which there is nothing to compare.
LOAD_RUNS = "load_runs"
FEWER_RUNS = "fewer_runs_than_promised"

_NAMED = 5
_OVERRULED = frozenset({Verdict.UNCHANGED, Verdict.IMPROVED, Verdict.INCONCLUSIVE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortfall:
    """What is wanting of a campaign, by combination: nothing landed, nothing usable, too few."""

    not_run: frozenset[str]
    unusable: Mapping[str, tuple[str, ...]]
    too_few: Mapping[str, int]


def shortfall(cells: Iterable[CellVerdict], context: CampaignContext) -> Shortfall:
    """Return what of the expected combinations did not come, came unusable, or came short.

    A run that failed did come: how many may fail is a rule of its own.
    """
    run = {cell.combination for cell in cells if cell.n_current} | set(context.attempted_runs)
    promised = context.promised_runs or 0
    unusable = {name: said for name, said in context.unusable.items() if name not in run}
    return Shortfall(
        not_run=frozenset(context.expected_combinations) - run - unusable.keys(),
        unusable=unusable,
        too_few={n: runs for n, runs in context.attempted_runs.items() if runs < promised},
    )


def with_shortfall(
    cells: Sequence[CellVerdict], short: Shortfall, context: CampaignContext
) -> tuple[CellVerdict, ...]:
    """Return the cells with what is wanting of them said, sorted by combination as they were.

    A combination without any cell gets one, of ``load_runs``.
    """
    if not (short.not_run or short.unusable or short.too_few):
        return tuple(cells)
    told = [_told(cell, short, context) for cell in cells]
    absent = {*short.not_run, *short.unusable} - {cell.combination for cell in cells}
    added = [_told(_nothing_of(combination), short, context) for combination in sorted(absent)]
    # Stable: a combination's own cells keep the catalogue's order.
    return tuple(sorted([*told, *added], key=lambda cell: cell.combination))


def counts_of(cells: Iterable[CellVerdict]) -> Mapping[str, int]:
    """Return how many cells have each verdict, in alphabetical order."""
    counted = Counter(cell.verdict for cell in cells)
    return dict(sorted((verdict.value, cells) for verdict, cells in counted.items()))


def shortfall_findings(
    cells: Iterable[CellVerdict], short: Shortfall, context: CampaignContext
) -> tuple[Finding, ...]:
    """Return a finding for each kind of shortfall; the campaign's own faults first."""
    of_combination = Counter(cell.combination for cell in cells)
    return tuple(
        replace(finding, cells=sum(of_combination[c] for c in finding.combinations))
        for finding in _findings(short, context)
    )


def _findings(short: Shortfall, context: CampaignContext) -> Iterator[Finding]:
    if context.unfit:
        yield Finding(
            kind="unfit_campaign",
            metric="",
            severity=Verdict.DATA_FAULT,
            message="; ".join(context.unfit),
            explanation={"reasons": list(context.unfit)},
        )
    if short.unusable:
        said = [f"{name}: {'; '.join(why)}" for name, why in sorted(short.unusable.items())]
        yield _finding(
            "no_usable_run",
            Verdict.DATA_FAULT,
            short.unusable,
            message=f"objects landed and no run is usable of {_listed(said, ' | ')}",
            explanation={"reasons": {name: list(why) for name, why in short.unusable.items()}},
        )
    if short.not_run:
        names = _listed(sorted(short.not_run), ", ")
        yield _finding(
            "not_run",
            Verdict.NOT_RUN,
            short.not_run,
            message=f"expected ({context.expected_because}), and nothing landed of {names}",
            explanation={"because": context.expected_because},
        )
    if short.too_few:
        promised = context.promised_runs
        said = [f"{name} ({runs})" for name, runs in sorted(short.too_few.items())]
        yield _finding(
            "fewer_runs",
            Verdict.INSUFFICIENT_DATA,
            short.too_few,
            message=f"fewer than the {promised} runs that were promised of {_listed(said, ', ')}",
            explanation={"promised": promised, "runs": dict(short.too_few)},
        )


def _finding(
    kind: str,
    severity: Verdict,
    combinations: Iterable[str],
    *,
    message: str,
    explanation: Mapping[str, object],
) -> Finding:
    return Finding(
        kind=kind,
        metric="",
        severity=severity,
        combinations=tuple(sorted(combinations)),
        message=message,
        explanation=explanation,
    )


def _told(cell: CellVerdict, short: Shortfall, context: CampaignContext) -> CellVerdict:
    if cell.combination in short.not_run:
        why: dict[str, object] = {"not_run_because": context.expected_because}
        return _overruled(cell, Verdict.NOT_RUN, "expectation", why)
    if cell.combination in short.unusable:
        why = {"no_usable_run_because": list(short.unusable[cell.combination])}
        return _overruled(cell, Verdict.DATA_FAULT, "no_usable_run", why)
    if cell.combination in short.too_few:
        return _with_fewer_runs(cell, short.too_few[cell.combination], context)
    return cell


def _with_fewer_runs(cell: CellVerdict, runs: int, context: CampaignContext) -> CellVerdict:
    flagged = replace(cell, flags=(*cell.flags, FEWER_RUNS))
    # Fresh runs were made to decide the cell: how many the first ones were is past.
    if cell.verdict not in _OVERRULED or cell.decided_by == "confirmation":
        return flagged
    why: dict[str, object] = {
        "promised_runs": context.promised_runs,
        "usable_runs": runs,
        "verdict_of_these_runs": cell.verdict.value,
    }
    return _overruled(flagged, Verdict.INSUFFICIENT_DATA, "promised_runs", why)


def _overruled(
    cell: CellVerdict, verdict: Verdict, by: str, why: Mapping[str, object]
) -> CellVerdict:
    explanation = {**cell.explanation, **why}
    return replace(cell, verdict=verdict, decided_by=by, explanation=explanation)


def _nothing_of(combination: str) -> CellVerdict:
    return CellVerdict(
        combination=combination,
        metric=LOAD_RUNS,
        verdict=Verdict.NOT_RUN,
        decided_by="expectation",
        change_unit="events/run",
    )


def _listed(names: Sequence[str], separator: str) -> str:
    more = len(names) - _NAMED
    return separator.join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
