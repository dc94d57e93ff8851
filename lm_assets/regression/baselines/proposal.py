"""The text of the pull request that changes baselines: evidence first, then every figure."""

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.change import (
    UNACKNOWLEDGED_LOSS,
    ChangePlan,
    described_loss,
)
from lm_assets.regression.baselines.moves import CHANGE_UNITS, MetricMove, detectable_changes

# A forge refuses longer descriptions; the YAML beside it has every number.
_MOST_ROWS = 60
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~@:-])")


def proposal_markdown(
    plan: ChangePlan,
    *,
    before: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> str:
    """Return the Markdown text for the pull request of a planned change.

    Parameters
    ----------
    plan : ChangePlan
        What would change and what was refused.
    before : BaselineCatalogue
        The baselines that it would change.
    metrics, policy : MetricCatalogue, StagePolicy
        Of the plan.
    """
    moves = [move for change in plan.changes for move in change.moves]
    sections = (
        _opening(plan),
        _evidence(plan, moves, policy),
        _power(plan, before, metrics, policy),
        _by_metric(moves, metrics),
        _largest_moves(moves),
        _refused(plan),
        _rejected(plan),
    )
    return "\n".join(line for section in sections for line in (*section, "")).rstrip() + "\n"


def _opening(plan: ChangePlan) -> Iterator[str]:
    new = sum(change.old is None for change in plan.changes)
    yield f"# Baselines: {len(plan.changes) - new} changed, {new} new"
    yield ""
    for reason in sorted({change.new.reason for change in plan.changes}):
        yield f"Reason: {_text(reason)}"
    campaigns = sorted({c for change in plan.changes for c in change.new.source_campaigns})
    if campaigns:
        yield f"Runs of: {', '.join(map(_code, campaigns))}"
    if not plan.changes:
        yield "Nothing changes: everything that was offered is refused (below)."


def _evidence(plan: ChangePlan, moves: Sequence[MetricMove], policy: StagePolicy) -> Iterator[str]:
    compared = [move for move in moves if move.degradation is not None]
    losses = [move for move in moves if move.is_loss]
    refused = sum(refusal.rule == UNACKNOWLEDGED_LOSS for refusal in plan.refusals)
    yield "## Is a slow-down being accepted?"
    yield ""
    yield f"- Judged metrics compared with the baseline they replace: {len(compared)}"
    yield (
        f"- Worse than the threshold ({policy.threshold_relative:.0%}, "
        f"{policy.threshold_points:g} points) against baseline or anchor: {len(losses)} accepted, "
        f"each with an acknowledged finding; {refused} refused for want of one"
    )
    yield "- **Unacknowledged slow-downs accepted: 0**"
    for unit in CHANGE_UNITS.values():
        of_unit = [move for move in compared if move.change_unit == unit and not move.is_loss]
        if of_unit:
            worst = max(of_unit, key=lambda move: move.degradation or 0.0)
            yield f"- Largest accepted move below it, {unit}: {_named(worst)} {_degraded(worst)}"
    references = {c.combination: c.new.acknowledged_findings for c in plan.changes}
    for move in losses:
        reference = references[move.combination][move.metric]
        yield f"- Acknowledged: {_named(move)} {described_loss(move)} ({_text(reference)})"
    for change in plan.changes:
        for finding in change.overruled:
            yield (
                f"- Guard overruled: {_code(finding.guard)} of {_code(change.combination)}: "
                f"{_text(finding.message)}"
            )


def _power(
    plan: ChangePlan, before: BaselineCatalogue, metrics: MetricCatalogue, policy: StagePolicy
) -> Iterator[str]:
    new = [change.new for change in plan.changes]
    old = [before.entries[e.combination] for e in new if e.combination in before.entries]
    detects_old = detectable_changes(old, metrics=metrics, policy=policy)
    detects_new = detectable_changes(new, metrics=metrics, policy=policy)
    yield "## What the baselines can detect"
    yield ""
    yield (
        f"Smallest true change that as many new runs would show (two-sided alpha "
        f"{policy.alpha:g}, power {policy.power:.0%}): median over the combinations, and the worst."
    )
    yield ""
    yield from _table_head("metric", "combinations", "before", "after", "worst after")
    for metric in metrics:
        after = _of_metric(detects_new.items(), metric.name)
        if after:
            unit = CHANGE_UNITS[metric.scale]
            earlier = _of_metric(detects_old.items(), metric.name)
            yield _row(
                _code(metric.name),
                str(len(after)),
                _change(statistics.median(earlier), unit) if earlier else "–",
                _change(statistics.median(after), unit),
                _change(max(after), unit),
            )


def _of_metric(items: Iterable[tuple[tuple[str, str], float]], metric: str) -> list[float]:
    return [value for (_, name), value in items if name == metric]


def _by_metric(moves: Sequence[MetricMove], metrics: MetricCatalogue) -> Iterator[str]:
    yield "## Every metric before and after"
    yield ""
    yield from _table_head("metric", "combinations", "median change", "lowest", "highest")
    for metric in metrics:
        changes = [m.change for m in moves if m.metric == metric.name and m.change is not None]
        if changes:
            unit = CHANGE_UNITS[metric.scale]
            figures = (statistics.median(changes), min(changes), max(changes))
            shown = (_change(figure, unit) for figure in figures)
            yield _row(_code(metric.name), str(len(changes)), *shown)


def _largest_moves(moves: Sequence[MetricMove]) -> Iterator[str]:
    ordered = sorted(moves, key=lambda m: (-abs(m.change or 0.0), m.combination, m.metric))
    yield "## Combinations, the largest moves first"
    yield ""
    yield from _table_head("combination", "metric", "old", "new", "change", "since anchor", "runs")
    for move in ordered[:_MOST_ROWS]:
        yield _row(
            _code(move.combination),
            _code(move.metric),
            _figure(move.mean_old, move.unit),
            _figure(move.mean_new, move.unit),
            _change(move.change, move.change_unit),
            _change(move.against_anchor, move.change_unit),
            f"{move.n_old} → {move.n_new}",
        )
    if len(ordered) > _MOST_ROWS:
        yield ""
        yield f"… and {len(ordered) - _MOST_ROWS} smaller moves; the YAML has them all."


def _refused(plan: ChangePlan) -> Iterator[str]:
    if plan.refusals:
        yield f"## Refused: {len(plan.refusals)}, these keep what they have"
        yield ""
    for refusal in plan.refusals[:_MOST_ROWS]:
        metric = f" {_code(refusal.metric)}" if refusal.metric else ""
        what = f"{_code(refusal.combination)}{metric}"
        yield f"- {what}: {_code(refusal.rule)}: {_text(refusal.detail)}"
    if len(plan.refusals) > _MOST_ROWS:
        yield f"- … and {len(plan.refusals) - _MOST_ROWS} more"


def _rejected(plan: ChangePlan) -> Iterator[str]:
    rejected = [(c.combination, run) for c in plan.changes for run in c.new.rejected_runs]
    if rejected:
        yield f"## Rejected runs: {len(rejected)}"
        yield ""
    for combination, run in rejected[:_MOST_ROWS]:
        source = _code(f"{run.campaign}/{run.run_id}")
        yield f"- {_code(combination)} {source}: {_text(run.reason)}"
    if len(rejected) > _MOST_ROWS:
        yield f"- … and {len(rejected) - _MOST_ROWS} more; the entries list them"


def _table_head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _named(move: MetricMove) -> str:
    return f"{_code(move.metric)} of {_code(move.combination)}"


def _degraded(move: MetricMove) -> str:
    return f"{_change(move.degradation, move.change_unit)} worse"


def _change(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:+.1%}" if unit == "relative" else f"{value:+.3g} {unit.replace('_', ' ')}"


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g} {unit}"


def _code(name: str) -> str:
    """Return a name as code; what would end the code, the cell or the line is replaced."""
    safe = "".join(c if c.isprintable() and c not in "`|" else "?" for c in name)
    return f"`{safe}`"


def _text(text: str) -> str:
    """Return free text on one line, with nothing in it that Markdown or HTML would read."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split())).replace("&", "&amp;")
