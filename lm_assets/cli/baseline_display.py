"""Changes and refusals of baselines, as a person reads them in a terminal and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lm_assets.regression.baselines.change import BaselineChange, ChangePlan
from lm_assets.regression.baselines.create import Refusal
from lm_assets.regression.baselines.moves import MetricMove

Detectable = Mapping[tuple[str, str], float]


def print_plan(console: Console, plan: ChangePlan, detectable: Detectable) -> None:
    """Print old, new and change of every metric, what was overruled, and what is refused."""
    for change in plan.changes:
        _print_change(console, change, detectable)
    print_refusals(console, plan.refusals)


def print_refusals(console: Console, refusals: Sequence[Refusal]) -> None:
    """Print what is refused, by which rule and why."""
    if not refusals:
        return
    console.print(Text(f"Refused: {len(refusals)}", style="bold red"))
    for refusal in refusals:
        where = f"{refusal.combination} {refusal.metric or ''}".rstrip()
        console.print(Text(f"  {where}: {refusal.rule}: {refusal.detail}"), soft_wrap=True)


def plan_document(plan: ChangePlan, *, is_written: bool, detectable: Detectable) -> str:
    """Return a plan as one JSON document."""
    document = {
        "written": is_written,
        "digest": plan.catalogue.digest,
        "changes": [_change_document(change, detectable) for change in plan.changes],
        "refusals": plan.refusals,
    }
    return json_text(document)


def json_text(document: object) -> str:
    """Return a document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def figure(value: float | None, digits: int = 4) -> str:
    """Return a number with a few significant digits, or a dash for none."""
    return "–" if value is None else f"{value:.{digits}g}"


def change_text(value: float | None, unit: str) -> str:
    """Return a change with its sign and unit, or a dash for none."""
    if value is None:
        return "–"
    return f"{value:+.1%}" if unit == "relative" else f"{value:+.3g} {unit.replace('_', ' ')}"


def _print_change(console: Console, change: BaselineChange, detectable: Detectable) -> None:
    new, old = change.new, change.old
    before = "new" if old is None else f"{old.sample_size} runs of {old.updated_at}"
    console.print(
        Text.assemble((change.combination, "bold"), f"  {before} → {new.sample_size} runs")
    )
    table = Table(box=None, header_style="dim", pad_edge=True)
    table.add_column("metric")
    for name in ("old", "new", "unit", "change", "since anchor", "detects"):
        table.add_column(name, justify="left" if name == "unit" else "right")
    for move in change.moves:
        table.add_row(*_move_row(move, detectable))
    console.print(table)
    for finding in change.overruled:
        console.print(Text(f"  allowed {finding.guard}: {finding.message}", style="yellow"))
    for metric, reference in new.acknowledged_findings.items():
        console.print(Text(f"  acknowledged {metric}: {reference}", style="yellow"))
    for run in new.rejected_runs:
        console.print(Text(f"  rejected {run.campaign}/{run.run_id}: {run.reason}", style="yellow"))


def _move_row(move: MetricMove, detectable: Detectable) -> tuple[str, ...]:
    return (
        move.metric,
        figure(move.mean_old),
        figure(move.mean_new),
        move.unit,
        change_text(move.change, move.change_unit),
        change_text(move.against_anchor, move.change_unit),
        change_text(detectable.get((move.combination, move.metric)), move.change_unit),
    )


def _change_document(change: BaselineChange, detectable: Detectable) -> dict[str, Any]:
    return {
        "combination": change.combination,
        "n_old": None if change.old is None else change.old.sample_size,
        "n_new": change.new.sample_size,
        "metrics": [
            {
                **msgspec.to_builtins(move),
                "detectable": detectable.get((move.combination, move.metric)),
            }
            for move in change.moves
        ],
        "overruled": change.overruled,
        "acknowledged_findings": change.new.acknowledged_findings,
        "rejected_runs": change.new.rejected_runs,
        "reason": change.new.reason,
    }
