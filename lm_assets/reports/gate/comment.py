"""The comment of a pull request: found again by its hidden marker, and cleared afterwards."""

from collections.abc import Iterator, Sequence

from lm_assets.model.verdict import BEHAVIOUR_CHANGED, CellVerdict, Verdict
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.gate.entries import (
    Entry,
    alert_phrase,
    decided_cells,
    entries,
    why_undecided,
)
from lm_assets.reports.gate.escaping import comment_code, marker_word
from lm_assets.reports.gate.material import GateMaterial, Unjudged

# GitHub refuses a comment of more than 65,536 characters, GitLab of more than a million.
MOST_CHARACTERS = 65_000
_ROOM_FOR_THE_END = 3_000
_MOST_FINDINGS = 20
_MOST_KNOWN = 20
_MOST_UNDECIDED = 10
_MOST_NOTES = 3
_MOST_BEHAVIOURS = 5
_LOSSES = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED)
_TABLE = (
    "| | what | where | baseline → now | change [95 % interval] | alert |",
    "|---|---|---|---:|---:|---|",
)


def comment_marker(stage: str, matrix: str) -> str:
    """Return the hidden first line by which a comment is found again: one a stage and matrix."""
    return f"<!-- lm-assets gate: stage={marker_word(stage)} matrix={marker_word(matrix)} -->"


def comment_markdown(material: GateMaterial) -> str:
    """Return the comment; lists are cut to its room and say by how much.

    Where nothing new got worse it says so in place of what the comment said before.
    """
    told = entries(material)
    fresh = [e for e in told if not e.is_known and _is_loss(material, e)]
    known = [e for e in told if e.is_known]
    head = [comment_marker(material.stage, material.matrix), *_head(material)]
    sections: list[Sequence[str]] = [
        _table("Findings", material, fresh, _MOST_FINDINGS),
        _table("Known, not blocking", material, known, _MOST_KNOWN),
        list(_behaviour(material)),
        list(_undecided(material, told)),
        list(_details(material)),
    ]
    return _assembled(head, sections, list(_end(material)))


def unjudged_markdown(unjudged: Unjudged) -> str:
    """Return the comment of a campaign without a verdict: it takes an older answer's place."""
    lines = [
        comment_marker(unjudged.stage, unjudged.matrix),
        f"### … {unjudged.state.replace('_', ' ')}: {comment_code(unjudged.campaign)}",
        "",
        "**There is no verdict of what was delivered, and that is no pass.**",
        "",
        comment_code(unjudged.reason, limit=1000),
        "",
        f"Exit code {unjudged.exit_code}.",
    ]
    return "\n".join([*lines, ""])


def _head(material: GateMaterial) -> Iterator[str]:
    remaining, verdict = material.remaining, material.verdict
    campaign = comment_code(verdict.campaign)
    if is_own_baseline(verdict):
        yield f"### … Compared with itself: {campaign}"
    elif remaining.exit_code == 0 and not remaining.cells and not remaining.findings:
        yield f"### ✓ All clear: {campaign}"
    elif remaining.exit_code == 0:
        yield f"### ✓ Nothing new: {campaign}"
    else:
        words = VERDICT_WORDS[remaining.verdict].capitalize()
        yield f"### {VERDICT_SIGNS[remaining.verdict]} {words}: {campaign}"
    yield ""
    yield f"**{phrases.headline(verdict)}** Exit code {remaining.exit_code}."
    counts = [
        f"{VERDICT_SIGNS[v]} {verdict.counts[v.value]} {VERDICT_WORDS[v]}"
        for v in VERDICT_RANK
        if verdict.counts.get(v.value)
    ]
    yield ""
    yield f"{plural(len(verdict.cells), 'cell')}: {' · '.join(counts) or 'none judged'}"
    if remaining.cells:
        yield f"(Known and not blocking: {plural(len(remaining.cells), 'cell')} of these.)"
    for note in phrases.campaign_notes(verdict)[:_MOST_NOTES]:
        yield f"- {comment_code(note, limit=500)}"
    if refused := material.quarantine_phrase:
        yield f"- {comment_code(refused, limit=500)}"
    if material.alerts_note:
        yield f"- {comment_code(material.alerts_note, limit=300)}"


def _is_loss(material: GateMaterial, entry: Entry) -> bool:
    """Whether it stands in the table; undecided cells have a list of their own."""
    is_finding = not isinstance(entry.noun, CellVerdict)
    return is_finding or entry.verdict in _LOSSES or material.blocks(entry.verdict)


def _table(title: str, material: GateMaterial, shown: Sequence[Entry], most: int) -> Sequence[str]:
    if not shown:
        return ()
    lines = [f"#### {title}", "", *_TABLE]
    lines += [_row(material, entry) for entry in shown[:most]]
    if len(shown) > most:
        lines += ["", f"… and {len(shown) - most} more in the reports."]
    return lines


def _row(material: GateMaterial, entry: Entry) -> str:
    noun, unit = entry.noun, phrases.metric_unit(material.metrics, entry.metric)
    label = phrases.metric_label(material.metrics, entry.metric) or entry.kind.replace("_", " ")
    moved = ""
    if isinstance(noun, CellVerdict):
        before, after = (
            formatting.quantity(mean, unit) for mean in (noun.baseline_mean, noun.current_mean)
        )
        moved = comment_code(f"{before} → {after}")
    where = comment_code(entry.where)
    if not isinstance(noun, CellVerdict) and entry.kind != "cell":
        where += f", {plural(noun.cells, 'cell')} ({entry.kind.replace('_', ' ')})"
        if noun.change is None and noun.message:
            where += f": {comment_code(noun.message)}"
    alert = comment_code(alert_phrase(entry.alert)) if entry.alert is not None else ""
    if entry.alert is not None and entry.alert.reason:
        alert += f": {comment_code(entry.alert.reason)}"
    sign = f"{VERDICT_SIGNS[entry.verdict]} {VERDICT_WORDS[entry.verdict]}"
    cells = (sign, comment_code(label), where, moved, entry.change, alert)
    return f"| {' | '.join(cells)} |"


def _behaviour(material: GateMaterial) -> Iterator[str]:
    findings = [f for f in material.verdict.findings if f.kind == BEHAVIOUR_CHANGED]
    if not findings:
        return
    yield "#### Behaviour changed (counted exactly, no verdict)"
    yield ""
    for finding in findings[:_MOST_BEHAVIOURS]:
        yield f"- {comment_code(finding.message, limit=500)}"
    if len(findings) > _MOST_BEHAVIOURS:
        yield f"- … and {len(findings) - _MOST_BEHAVIOURS} more in the reports"


def _undecided(material: GateMaterial, told: Sequence[Entry]) -> Iterator[str]:
    cells = [
        entry.noun
        for entry in told
        if isinstance(entry.noun, CellVerdict) and not _is_loss(material, entry)
    ]
    if not cells:
        return
    yield f"#### Not decided, {plural(len(cells), 'cell')}"
    yield ""
    for cell in cells[:_MOST_UNDECIDED]:
        label = comment_code(phrases.metric_label(material.metrics, cell.metric))
        why = comment_code(why_undecided(cell))
        words = VERDICT_WORDS[cell.verdict]
        yield f"- {label} in {comment_code(cell.combination)}: {words}, {why}"
    if len(cells) > _MOST_UNDECIDED:
        yield f"- … and {len(cells) - _MOST_UNDECIDED} more in the reports"


def _details(material: GateMaterial) -> Iterator[str]:
    moved = [c for c in decided_cells(material) if c.verdict in (*_LOSSES, Verdict.IMPROVED)]
    if not moved:
        return
    yield f"<details><summary>{plural(len(moved), 'cell')} that moved</summary>"
    yield ""
    yield "| | metric | combination | change [95 % interval] | test | p | q | plain rule | runs |"
    yield "|---|---|---|---:|---|---:|---:|---|---:|"
    for cell in moved:
        change = phrases.change_with_interval(cell.change, cell.change_ci95, cell.change_unit)
        yield (
            f"| {VERDICT_SIGNS[cell.verdict]} {VERDICT_WORDS[cell.verdict]} "
            f"| {comment_code(phrases.metric_label(material.metrics, cell.metric))} "
            f"| {comment_code(cell.combination)} | {change} | {decision.deciding_test(cell)} "
            f"| {formatting.p_value(decision.deciding_p(cell))} "
            f"| {formatting.p_value(decision.deciding_q(cell))} | {decision.plain_rule(cell)} "
            f"| {cell.n_baseline} : {cell.n_current} |"
        )
    yield ""
    yield "</details>"


def _end(material: GateMaterial) -> Iterator[str]:
    links = [
        f"[{name}]({address})" if _is_link(address) else comment_code(address, limit=300)
        for name, address in material.reports.items()
    ]
    facts = [
        f"stage {comment_code(material.stage)}",
        f"git {comment_code(material.git_sha[:40])}" if material.git_sha else "",
        f"baseline {comment_code(material.verdict.baseline_version[:12])}",
    ]
    yield f"Reports: {' · '.join(links)}" if links else ""
    yield f"<sub>{' · '.join(filter(None, facts))}</sub>"


def _is_link(address: str) -> bool:
    is_web = address.startswith(("https://", "http://"))
    return is_web and len(address) <= 300 and not set(address) & set(" ()<>\"'`\\\n\r\t")


def _assembled(head: Sequence[str], sections: Sequence[Sequence[str]], end: Sequence[str]) -> str:
    """Return everything that has room, whole lines only; what is left out is said."""
    text = "\n".join([*_fitting(head, MOST_CHARACTERS - 2 * _ROOM_FOR_THE_END), ""])
    for section in sections:
        room = MOST_CHARACTERS - _ROOM_FOR_THE_END - len(text)
        if section:
            text += "\n" + "\n".join([*_fitting(section, room), ""])
    return text + "\n" + "\n".join([*_fitting(end, _ROOM_FOR_THE_END - 100), ""])


def _fitting(lines: Sequence[str], room: int) -> Sequence[str]:
    # An open element is closed whatever is left out: half of one would swallow what follows.
    closing = [lines[-1]] if lines and lines[-1] == "</details>" else []
    spare = 100 + sum(map(len, closing))
    kept: list[str] = []
    used = 0
    for line in lines:
        used += len(line) + 1
        if used > room - spare:
            left_out = f"… {len(lines) - len(kept)} lines are left out for want of room."
            return [*kept, "", left_out, "", *closing] if room > spare else []
        kept.append(line)
    return kept
