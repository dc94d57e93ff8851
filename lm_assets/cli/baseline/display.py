"""Changes and refusals of baselines, as a person reads them in a terminal and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lm_assets.cli.terminal_text import print_whole
from lm_assets.model.baseline import RejectedRun
from lm_assets.regression.baselines.change import BaselineChange, ChangePlan
from lm_assets.regression.baselines.create import Refusal
from lm_assets.regression.baselines.moves import MetricMove, change_text
from lm_assets.regression.baselines.refusals import by_rule

Detectable = Mapping[tuple[str, str], float]


def print_plan(console: Console, plan: ChangePlan, detectable: Detectable) -> None:
    """Print old, new and change of every metric, what was overruled, and what is refused."""
    for change in plan.changes:
        _print_change(console, change, detectable)
    if plan.unchanged:
        console.print(f"{counted(len(plan.unchanged))} already made of these runs", style="dim")
    if plan.not_due:
        console.print(f"{counted(len(plan.not_due))} not due: they still serve", style="dim")
    print_refusals(console, plan.refusals)
    for combination, rejected in plan.rejected_runs.items():
        console.print(Text(f"  {combination}"), soft_wrap=True)
        _print_rejected(console, rejected)


def _print_rejected(console: Console, rejected: Sequence[RejectedRun]) -> None:
    for run in rejected:
        said = f"  rejected {run.campaign}/{run.run_id}: {run.reason}"
        console.print(Text(said, style="yellow"), soft_wrap=True)


def counted(count: int) -> str:
    """Return a number of baselines in words."""
    return "1 baseline" if count == 1 else f"{count} baselines"


def print_refusals(console: Console, refusals: Sequence[Refusal]) -> None:
    """Print what is refused, by which rule and why."""
    if not refusals:
        return
    refused = len({refusal.combination for refusal in refusals})
    where = "1 combination" if refused == 1 else f"{refused} combinations"
    title = f"Refused in {where}; what is not written above stays as it is"
    console.print(Text(title, style="bold"))
    for (rule, remedy), groups in by_rule(refusals).items():
        console.print(Text.assemble((f"  {rule}", "bold red"), f"  {remedy}"), soft_wrap=True)
        for text, combinations in groups.items():
            more = f" and {len(combinations) - 1} more" if len(combinations) > 1 else ""
            console.print(Text(f"    {combinations[0]}{more}: {text}"), soft_wrap=True)


def plan_document(plan: ChangePlan, *, is_written: bool, detectable: Detectable) -> str:
    """Return a plan as one JSON document."""
    document = {
        "written": is_written,
        "digest": plan.catalogue.digest,
        "changes": [_change_document(change, detectable) for change in plan.changes],
        "unchanged": plan.unchanged,
        "not_due": plan.not_due,
        "refusals": plan.refusals,
        "rejected_runs": plan.rejected_runs,
    }
    return json_text(document)


def json_text(document: object) -> str:
    """Return a document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def figure(value: float | None, digits: int = 4) -> str:
    """Return a number with a few significant digits, or a dash for none."""
    return "–" if value is None else f"{value:.{digits}g}"


def _print_change(console: Console, change: BaselineChange, detectable: Detectable) -> None:
    new, old = change.new, change.old
    before = "new" if old is None else f"{old.sample_size} runs of {old.updated_at}"
    console.print(
        Text.assemble((change.combination, "bold"), f"  {before} → {new.sample_size} runs")
    )
    table = Table(box=None, header_style="dim", pad_edge=True)
    # Cut, three latencies would look alike.
    table.add_column("metric", no_wrap=True)
    for name in ("old", "new", "unit", "change", "since anchor", "can detect"):
        table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
    for move in change.moves:
        table.add_row(*_move_row(move, detectable))
    print_whole(console, table)
    for finding in change.overruled:
        console.print(Text(f"  allowed {finding.guard}: {finding.message}", style="yellow"))
    for metric, accepted in new.acknowledged_findings.items():
        said = f"  acknowledged {metric}: {accepted.finding}, by {accepted.by} on {accepted.at}"
        console.print(Text(said, style="yellow"))
    _print_rejected(console, new.rejected_runs)


def _move_row(move: MetricMove, detectable: Detectable) -> tuple[str, ...]:
    return (
        move.metric,
        figure(move.mean_old),
        figure(move.mean_new),
        move.unit,
        change_text(move.change, move.change_unit),
        change_text(move.change_since_anchor, move.change_unit),
        # Either way: which of them is a loss is the metric's affair.
        change_text(detectable.get((move.combination, move.metric)), move.change_unit).replace(
            "+", "±"
        ),
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
        "due": change.due,
    }
