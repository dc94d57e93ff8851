"""In which order and on which machine runs are made, so that neither is taken for a change."""

from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.model.campaign import CONFIRMATION_SIDES


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRun:
    """One run of a plan. ``side`` is empty where the plan has one; ``node`` where none was named.

    Runs of one ``pair`` are made on one machine, one after the other; None where nothing is paired.
    """

    order: int
    combination: str
    run_id: str
    side: str = ""
    pair: int | None = None
    node: str = ""


def spread_runs(
    combinations: Sequence[str], *, runs: int, nodes: Sequence[str] = ()
) -> list[PlannedRun]:
    """Return rounds over all combinations, each begun elsewhere, every run on the next machine.

    The runs of a combination are as far apart in time, and on as many machines, as there are: a
    slow hour or machine reaches one run of each and not all runs of some.
    """
    planned: list[PlannedRun] = []
    for repetition in range(runs):
        begin = repetition * len(combinations) // runs
        for place in range(len(combinations)):
            at = (begin + place) % len(combinations)
            planned.append(
                PlannedRun(
                    order=len(planned) + 1,
                    combination=combinations[at],
                    run_id=f"run-{repetition + 1}",
                    node=_node(nodes, at + repetition),
                )
            )
    return planned


def paired_runs(
    combinations: Sequence[str], *, runs: int, nodes: Sequence[str] = ()
) -> list[PlannedRun]:
    """Return both sides of every combination in turn: pairs on one machine, the next on another.

    Sides change places from one repetition to the next, so that neither a drift nor a slow hour
    favours one of them.
    """
    planned: list[PlannedRun] = []
    for repetition in range(runs):
        sides = CONFIRMATION_SIDES[:: 1 if repetition % 2 == 0 else -1]
        for at, combination in enumerate(combinations):
            planned += [
                PlannedRun(
                    order=len(planned) + 1 + place,
                    combination=combination,
                    run_id=f"{side}-{repetition + 1}",
                    side=side,
                    pair=repetition * len(combinations) + at + 1,
                    node=_node(nodes, at + repetition),
                )
                for place, side in enumerate(sides)
            ]
    return planned


def _node(nodes: Sequence[str], at: int) -> str:
    return nodes[at % len(nodes)] if nodes else ""
