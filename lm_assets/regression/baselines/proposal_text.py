"""The text of the pull request that changes baselines: evidence first, then every figure."""

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.change import ChangePlan
from lm_assets.regression.baselines.moves import (
    CHANGE_UNITS,
    MetricMove,
    change_text,
    detectable_changes,
    loss_threshold,
)
from lm_assets.regression.baselines.refusals import by_rule
from lm_assets.regression.baselines.review import UNACKNOWLEDGED_LOSS, described_loss

# A forge refuses longer descriptions; the YAML beside it has every number.
_MOST_ROWS = 60
_MOST_NAMES = 3
# An underscore inside a word is no emphasis, and a parenthesis alone no link.
_MARKDOWN = re.compile(r"([\\`*{}\[\]<>#|~@]|(?<![^\W_])_|_(?![^\W_])|:(?=//))")


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
    figures: tuple[Iterable[str], ...] = (
        _power(plan, before, metrics, policy),
        _by_metric(moves, metrics),
        _largest_moves(moves, metrics, policy),
    )
    sections = (
        _opening(plan, before),
        _why(plan),
        _evidence(plan, moves, policy) if plan.changes or plan.refusals else (),
        *(figures if plan.changes else ()),
        _refused(plan),
        _rejected(plan),
    )
    texts = ("\n".join(section) for section in sections)
    return "\n\n".join(text for text in texts if text) + "\n"


def _opening(plan: ChangePlan, before: BaselineCatalogue) -> Iterator[str]:
    new = sum(change.old is None for change in plan.changes)
    yield f"# Baselines: {len(plan.changes) - new} changed, {new} new"
    yield ""
    for reason in sorted({change.new.reason for change in plan.changes}):
        yield f"- Reason: {_text(reason)}"
    campaigns = sorted({c for change in plan.changes for c in change.new.source_campaigns})
    if campaigns:
        yield f"- Runs of: {', '.join(map(_code, campaigns))}"
    yield f"- Made from the catalogue with SHA-256 {_code(before.digest[:12])}"
    if plan.not_due:
        yield f"- Not due, still serving: {len(plan.not_due)}"
    if plan.unchanged:
        yield f"- Already made of these runs: {len(plan.unchanged)}"
    if not plan.changes:
        why = "everything that is due is refused (below)" if plan.refusals else "nothing is due"
        yield f"- Nothing changes: {why}"


def _why(plan: ChangePlan) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for change in plan.changes:
        if change.due:
            by_reason.setdefault(change.due, []).append(change.combination)
    if by_reason:
        yield "## Why they are due"
        yield ""
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    for reason, combinations in ordered[:_MOST_ROWS]:
        yield f"- {_text(reason)}: {_some(combinations)}"
    if len(ordered) > _MOST_ROWS:
        yield f"- … and {len(ordered) - _MOST_ROWS} more reasons"


def _evidence(plan: ChangePlan, moves: Sequence[MetricMove], policy: StagePolicy) -> Iterator[str]:
    compared = [move for move in moves if move.degradation is not None]
    accepted = {c.combination: c.new.acknowledged_findings for c in plan.changes}
    losses = [move for move in moves if move.is_loss]
    unacknowledged = [m for m in losses if m.metric not in accepted[m.combination]]
    refused = sum(refusal.rule == UNACKNOWLEDGED_LOSS for refusal in plan.refusals)
    yield "## Is a slow-down being accepted?"
    yield ""
    yield f"- Judged metrics compared with the baseline they replace: {len(compared)}"
    yield (
        f"- Worse than the threshold ({policy.threshold_relative:.0%}, "
        f"{policy.threshold_points:g} points, {policy.equivalence_events_per_run:g} events per "
        f"run) against baseline or anchor: {len(losses)} accepted, {refused} refused for want of "
        "an acknowledged finding"
    )
    yield f"- **Unacknowledged slow-downs accepted: {len(unacknowledged)}**"
    for unit in CHANGE_UNITS.values():
        of_unit = [
            move
            for move in compared
            if move.change_unit == unit and not move.is_loss and (move.degradation or 0.0) > 0.0
        ]
        if of_unit:
            worst = max(of_unit, key=lambda move: move.degradation or 0.0)
            yield f"- Largest accepted move below it, {unit}: {_named(worst)} {_degraded(worst)}"
    for move in moves:
        acknowledgement = accepted[move.combination].get(move.metric)
        if acknowledgement is not None:
            said = f"{acknowledgement.finding}, by {acknowledgement.by}: {acknowledgement.reason}"
            yield f"- Acknowledged: {_named(move)} {described_loss(move)} ({_text(said)})"
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
                change_text(statistics.median(earlier), unit) if earlier else "–",
                change_text(statistics.median(after), unit),
                change_text(max(after), unit),
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
            shown = (change_text(figure, unit) for figure in figures)
            yield _row(_code(metric.name), str(len(changes)), *shown)


def _largest_moves(
    moves: Sequence[MetricMove], metrics: MetricCatalogue, policy: StagePolicy
) -> Iterator[str]:
    def thresholds(move: MetricMove) -> float:
        return abs(move.change or 0.0) / loss_threshold(metrics[move.metric], policy)

    moved = [move for move in moves if move.change != 0.0]
    ordered = sorted(moved, key=lambda m: (-thresholds(m), m.combination, m.metric))
    yield "## Combinations, the largest moves first"
    yield ""
    yield from _table_head("combination", "metric", "old", "new", "change", "since anchor", "runs")
    for move in ordered[:_MOST_ROWS]:
        yield _row(
            _code(move.combination),
            _code(move.metric),
            _figure(move.mean_old, move.unit),
            _figure(move.mean_new, move.unit),
            change_text(move.change, move.change_unit),
            change_text(move.change_since_anchor, move.change_unit),
            f"{move.n_old} → {move.n_new}",
        )
    if smaller := len(moves) - len(ordered[:_MOST_ROWS]):
        yield ""
        yield f"… and {smaller} that moved less or not at all; the YAML has them all."


def _refused(plan: ChangePlan) -> Iterator[str]:
    if plan.refusals:
        refused = len({refusal.combination for refusal in plan.refusals})
        yield f"## Refused in {refused} combinations"
    for (rule, remedy), groups in by_rule(plan.refusals).items():
        yield ""
        yield f"### {_code(rule)} in {sum(map(len, groups.values()))}"
        yield ""
        if remedy:
            yield f"{_text(remedy[0].upper() + remedy[1:])}."
            yield ""
        widest_first = sorted(groups.items(), key=lambda group: -len(group[1]))
        for text, combinations in widest_first[:_MOST_ROWS]:
            yield f"- {_some(combinations)}: {_text(text)}"
        if len(groups) > _MOST_ROWS:
            yield f"- … and {len(groups) - _MOST_ROWS} more"


def _rejected(plan: ChangePlan) -> Iterator[str]:
    rejected = [(c.combination, run) for c in plan.changes for run in c.new.rejected_runs]
    rejected += [(name, run) for name, runs in plan.rejected_runs.items() for run in runs]
    if rejected:
        yield f"## Rejected runs: {len(rejected)}"
        yield ""
    for combination, run in rejected[:_MOST_ROWS]:
        source = _code(f"{run.campaign}/{run.run_id}")
        yield f"- {_code(combination)} {source}: {_text(run.reason)}"
    if len(rejected) > _MOST_ROWS:
        yield f"- … and {len(rejected) - _MOST_ROWS} more; the entries list them"


def _some(combinations: Sequence[str]) -> str:
    shown = ", ".join(map(_code, combinations[:_MOST_NAMES]))
    more = len(combinations) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _table_head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _named(move: MetricMove) -> str:
    return f"{_code(move.metric)} of {_code(move.combination)}"


def _degraded(move: MetricMove) -> str:
    return f"{change_text(move.degradation, move.change_unit)} worse"


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g} {unit}"


def _code(name: str) -> str:
    """Return a name as code; what would end the code, the cell or the line is replaced."""
    safe = "".join(c if c.isprintable() and c not in "`|" else "?" for c in name)
    return f"`{safe}`"


def _text(text: str) -> str:
    """Return free text on one line, with nothing in it that Markdown or HTML would read."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split())).replace("&", "&amp;")
