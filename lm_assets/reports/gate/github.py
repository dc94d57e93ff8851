"""Annotations as GitHub's runner takes them from a step's output: its workflow commands."""

from collections.abc import Sequence

from lm_assets.reports import phrases
from lm_assets.reports.formatting import VERDICT_WORDS, plural
from lm_assets.reports.gate.entries import Entry, entries, sentence
from lm_assets.reports.gate.escaping import command_message, command_property
from lm_assets.reports.gate.material import GateMaterial, Unjudged

# The runner shows so many of each level in a step and drops the others without a word.
MOST_OF_A_LEVEL = 10
_MOST_NOTES = 3
_LEVELS = ("error", "warning", "notice")


def github_commands(material: GateMaterial) -> str:
    """Return a line an annotation, the campaign's own first; at most ten of each level.

    Where there are more, the tenth says how many. What blocks is an error, what is passed on a
    warning, what somebody has in hand a notice.
    """
    by_level: dict[str, list[str]] = {level: [] for level in _LEVELS}
    level, text = _campaign(material)
    by_level[level].append(text)
    for entry in entries(material):
        if (own := _level(material, entry)) is not None:
            by_level[own].append(_command(material, entry, own))
    return "".join(
        f"{line}\n" for level, lines in by_level.items() for line in _bounded(level, lines)
    )


def unjudged_commands(unjudged: Unjudged) -> str:
    """Return the annotation of a campaign without a verdict: an error, never silence."""
    title = command_property(f"{unjudged.campaign}: {unjudged.state}")
    return f"::error title={title}::{command_message(unjudged.reason)}\n"


def _campaign(material: GateMaterial) -> tuple[str, str]:
    remaining = material.remaining
    level = {0: "notice", 3: "warning"}.get(remaining.exit_code, "error")
    is_only_known = remaining.exit_code == 0 and bool(remaining.cells or remaining.findings)
    words = "nothing new" if is_only_known else VERDICT_WORDS[remaining.verdict]
    known = len(remaining.cells)
    apart = f" Known and not blocking: {plural(known, 'cell')}." if known else ""
    notes = "; ".join(material.verdict.notes[:_MOST_NOTES])
    why = f" {notes}." if notes and remaining.exit_code else ""
    text = f"{phrases.headline(material.verdict)}{apart}{why} Exit code {remaining.exit_code}."
    title = command_property(f"{material.campaign}: {words}")
    return level, f"::{level} title={title}::{command_message(text)}"


def _level(material: GateMaterial, entry: Entry) -> str | None:
    if entry.is_known:
        return "notice"
    if material.blocks(entry.verdict):
        return "error"
    return "warning" if material.warns(entry.verdict) else None


def _command(material: GateMaterial, entry: Entry, level: str) -> str:
    label = phrases.metric_label(material.metrics, entry.metric) or entry.kind.replace("_", " ")
    title = command_property(f"{VERDICT_WORDS[entry.verdict]}: {label}")
    file, line = command_property(material.baselines_file), material.line(entry.noun)
    message = command_message(sentence(material, entry))
    return f"::{level} file={file},line={line},title={title}::{message}"


def _bounded(level: str, lines: Sequence[str]) -> Sequence[str]:
    if len(lines) <= MOST_OF_A_LEVEL:
        return lines
    shown = lines[: MOST_OF_A_LEVEL - 1]
    more = f"{len(lines) - len(shown)} more are in the comment and in the reports."
    return [*shown, f"::{level} title=and more::{more}"]
