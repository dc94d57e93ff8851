"""Causes in words: one sentence each, the numbers of both sides in it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from lm_assets.model.explanation import (
    Cause,
    ExplainedChange,
    PlanChange,
    SettingChange,
)
from lm_assets.regression.causes.counters import CounterDifference

_NAMES = {
    "tasks": "tasks",
    "stage_runs": "runs of the stage",
    "input_rows": "rows read",
    "input_bytes": "bytes read",
    "output_rows": "rows written",
    "output_bytes": "bytes written",
    "shuffle_read_bytes": "shuffle bytes read",
    "shuffle_read_rows": "shuffle rows read",
    "shuffle_write_bytes": "shuffle bytes written",
    "shuffle_write_rows": "shuffle rows written",
    "memory_spilled_bytes": "bytes spilled from memory",
    "disk_spilled_bytes": "bytes spilled to disk",
    "largest_task_rows": "rows of the largest task",
    "failed_tasks": "failed tasks",
    "killed_tasks": "killed tasks",
    "speculative_tasks": "speculative copies of tasks",
    "files_read": "files read",
    "files_written": "files written",
    "executions": "executions",
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def counter_phrase(difference: CounterDifference) -> str:
    """Return a counter's change, such as ``tasks 8 → 100``."""
    values = counted_phrase(difference.name, difference.baseline, difference.current)
    return f"{counter_name(difference.name)} {values}"


def counted_phrase(name: str, baseline: float, current: float) -> str:
    """Return a counter's two values, such as ``8 → 100``, bytes with their unit.

    Examples
    --------
    >>> counted_phrase("output_bytes", 1_250_000, 3_000_000)
    '1.25 MB → 3 MB'
    """
    said = bytes_text if "bytes" in name else _count
    return f"{said(baseline)} → {said(current)}"


def counter_name(name: str) -> str:
    """Return what a counter counts, in words."""
    return _NAMES.get(name, name.replace("_", " "))


def bytes_text(amount: float) -> str:
    """Return an amount of bytes with three digits, such as ``1.25 GB``."""
    unit = 0
    while abs(amount) >= 1_000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1_000, unit + 1
    return f"{amount:.3g} {_UNITS[unit]}" if amount < 1_000 else f"{amount:.0f} {_UNITS[unit]}"


def plan_phrase(change: PlanChange) -> str:
    """Return what changed in a plan: what it does now, and in place of what."""
    added, removed = _listed(change.added), _listed(change.removed)
    if added and removed:
        return f"now {added} in place of {removed}"
    if added:
        return f"now {added}"
    return f"no longer {removed}" if removed else "the same operators in another order"


def setting_phrase(setting: SettingChange) -> str:
    """Return a setting's change, such as ``spark.sql.adaptive.enabled true → false``."""
    return f"{setting.name} {setting.baseline or 'not set'} → {setting.current or 'not set'}"


def with_settings(statement: str, settings: Sequence[SettingChange]) -> str:
    """Return a statement with the settings that explain it."""
    if not settings:
        return statement
    return f"{statement}; {', '.join(setting_phrase(setting) for setting in settings[:3])}"


def share_phrase(cause: Cause) -> str:
    """Return the share of the change that a cause carries; empty where it is not known."""
    if cause.share is None:
        return ""
    return f"{cause.share:.0%} of the change"


def summary_sentence(change: ExplainedChange, causes: Sequence[Cause]) -> str:
    """Return the one sentence that people read: how much, then the first cause."""
    how_much = change_phrase(change)
    if not causes:
        if not change.is_clear:
            return f"{how_much}: no clear change, and nothing differs in what was counted"
        return f"{how_much}: no stage stands out, and nothing differs in what was counted"
    first = causes[0]
    carried = share_phrase(first)
    return f"{how_much}: {first.statement}{f' ({carried})' if carried else ''}"


def change_phrase(change: ExplainedChange) -> str:
    """Return the change with its interval, such as ``+143 % [97, 201] time on the clock``."""
    what = {"clock": "time on the clock", "run_time": "executor run time"}.get(
        change.quantity, "executor CPU time"
    )
    if change.change is None:
        return f"{what} {change.baseline_s:.3g} s → {change.current_s:.3g} s"
    text = f"{change.change:+.0%}".replace("%", " %")
    if change.change_ci95 is not None:
        low, high = (100.0 * end for end in change.change_ci95)
        text += f" [{low:.0f}, {high:.0f}]"
    return f"{text} {what}"


def _listed(names: Iterable[str]) -> str:
    counts = Counter(names)
    said = [name if n == 1 else f"{n} {name}" for name, n in counts.items()]
    return ", ".join(said[:5]) + (", …" if len(said) > 5 else "")


def _count(amount: float) -> str:
    return f"{amount:,.0f}".replace(",", " ") if amount == int(amount) else f"{amount:,.1f}"
