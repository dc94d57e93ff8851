"""Sentences that more than one document says about a campaign, as plain text or Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from lm_assets.model.campaign import Manifest
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import (
    BEHAVIOUR_CHANGED,
    FAILED_RUNS,
    CampaignVerdict,
    CellVerdict,
    Finding,
    Verdict,
)
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.regression.verdict.phrases import confirmation_phrase
from lm_assets.reports import formatting
from lm_assets.reports.formatting import VERDICT_WORDS, plural
from lm_assets.reports.insight import CauseHint
from lm_assets.reports.material import DecisionRule

Escape = Callable[[str], str]

SELF_COMPARED = "compared with itself"
WHOLE_MATRIX = "the whole matrix"
_MOST_OTHERS = 4
_MOST_NAMED_COMBINATIONS = 2


def metric_label(metrics: MetricCatalogue, name: str) -> str:
    """Return what a person reads for a metric; an unknown name stays as it is."""
    return metrics[name].label if name in metrics else name


def metric_unit(metrics: MetricCatalogue, name: str) -> str:
    """Return a metric's unit; none for one the catalogue does not know."""
    return metrics[name].unit if name in metrics else ""


def change_with_interval(
    change: float | None, bounds: tuple[float, float] | None, change_unit: str
) -> str:
    """Return ``+31 % [+25, +38] %``, or the change alone where there is no interval."""
    text = formatting.change(change, change_unit)
    return text if bounds is None else f"{text} {formatting.interval(bounds, change_unit)}"


def verdict_words(verdict: CampaignVerdict) -> str:
    """Return a campaign's verdict as a person reads it.

    A campaign that is compared with a baseline made from itself has no verdict to speak of: that
    it is like itself is never shown as "unchanged".
    """
    return SELF_COMPARED if is_own_baseline(verdict) else formatting.VERDICT_WORDS[verdict.verdict]


def headline(verdict: CampaignVerdict) -> str:
    """Return the campaign's answer in one sentence."""
    if is_own_baseline(verdict):
        return "The baseline is made from this campaign itself: nothing is shown by comparing them."
    worse = _combinations_with(verdict.cells, Verdict.REGRESSED)
    suspected = _combinations_with(verdict.cells, Verdict.SUSPECTED) - worse
    whole = plural(len({cell.combination for cell in verdict.cells}), "combination")
    if worse:
        cells = sum(cell.verdict is Verdict.REGRESSED for cell in verdict.cells)
        text = f"{len(worse)} of {whole} got worse ({plural(cells, 'regressed cell')})"
        return f"{text}, {len(suspected)} more suspected." if suspected else f"{text}."
    if verdict.verdict is Verdict.REGRESSED:
        if failed := _only_failed_runs(verdict):
            return f"Load runs failed in {len(failed)} of {whole}."
        return f"The campaign as a whole got worse; no single one of {whole} stands out."
    if suspected:
        is_awaited = verdict.confirmation is not None and verdict.confirmation.is_open
        ending = ": fresh runs will tell." if is_awaited else "."
        return f"{len(suspected)} of {whole} may have got worse{ending}"
    return _headline_without_regression(verdict, whole)


def campaign_notes(verdict: CampaignVerdict) -> tuple[str, ...]:
    """Return what a reader must know beside the verdict, the confirmation first."""
    confirmation = confirmation_phrase(verdict)
    return (confirmation, *verdict.notes) if confirmation else verdict.notes


def confirmed_phrase(cell: CellVerdict) -> str:
    """Return what fresh runs said of a cell that was suspected; empty where there are none."""
    answer = cell.explanation.get("confirmation")
    if not isinstance(answer, Mapping):
        return ""
    bounds = answer["change_ci95"]
    size = change_with_interval(
        answer["change"], None if bounds is None else tuple(bounds), cell.change_unit
    )
    runs = f"{answer['n_baseline']} : {answer['n_current']}"
    figures = f"p {formatting.p_value(answer['p'])}, q {formatting.p_value(answer['q'])}"
    return f"fresh runs {runs} said {size}, {figures}: {answer['verdict']}"


def _headline_without_regression(verdict: CampaignVerdict, whole: str) -> str:
    if verdict.verdict is Verdict.DATA_FAULT:
        return "The data is not fit to judge."
    if absent := _combinations_with(verdict.cells, Verdict.NOT_RUN):
        return f"{len(absent)} of {whole} did not land; nothing got worse in the others."
    if not any(cell.verdict in _JUDGED for cell in verdict.cells):
        return f"Nothing could be judged: {_reasons(verdict.cells)}."
    return _headline_of_judged(verdict, whole)


def _headline_of_judged(verdict: CampaignVerdict, whole: str) -> str:
    if confounded := _combinations_with(verdict.cells, Verdict.CONFOUNDED):
        return f"{len(confounded)} of {whole} got worse, or ran on other nodes: it cannot be told."
    if apart := [cell for cell in verdict.cells if cell.verdict in _NOT_COMPARED]:
        cells = f"{plural(len(apart), 'cell')} cannot ({_reasons(apart)})"
        return f"Nothing got worse where it can be compared; {cells}."
    if undecided := sum(cell.verdict is Verdict.INCONCLUSIVE for cell in verdict.cells):
        return f"No regression is shown, and {plural(undecided, 'cell')} cannot be decided yet."
    judged = {cell.combination for cell in verdict.cells if cell.verdict in _JUDGED}
    if new := _combinations_with(verdict.cells, Verdict.NO_BASELINE) - judged:
        return f"Nothing got worse where there is a baseline; {len(new)} of {whole} have none."
    return f"Nothing got worse in {whole}."


def campaign_facts(
    manifest: Manifest, verdict: CampaignVerdict, runs: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Return who, what and how much, by name; what is not known is left out.

    ``runs`` are the load runs that were counted, by combination.
    """
    combinations = {cell.combination for cell in verdict.cells}
    versions = ", ".join(f"{k} {v}" for k, v in sorted(manifest.subject.version_labels.items()))
    facts = [
        ("stage", str(verdict.stage)),
        ("priority", manifest.priority),
        ("created", manifest.created_at),
        ("git", manifest.subject.git_sha),
        ("versions", versions),
        ("combinations", str(len(combinations))),
        ("runs each", _runs_each(runs, manifest.runs_per_combination)),
        ("baseline", verdict.baseline_version[:12]),
        ("exit code", str(verdict.exit_code)),
        ("note", manifest.notes),
    ]
    if manifest.is_simulated:
        facts.append(("data", "simulated"))
    return [(name, value) for name, value in facts if value]


def _runs_each(runs: Mapping[str, int], promised: int | None) -> str:
    """Return how many runs were counted, and the promised number where it is another one."""
    if not runs:
        return "" if promised is None else f"none of {promised} promised"
    fewest, most = min(runs.values()), max(runs.values())
    counted = str(most) if fewest == most else f"{fewest} to {most}"
    is_kept = promised is None or fewest == most == promised
    return counted if is_kept else f"{counted} ({promised} promised)"


def rule_in_words(rule: DecisionRule) -> str:
    """Return the decision rule as a sentence."""
    limits = [f"{formatting.number(rule.relative_threshold * 100)} %"]
    if rule.points_threshold is not None:
        limits.append(f"{formatting.number(rule.points_threshold)} percentage points")
    if rule.count_threshold is not None:
        limits.append(f"{formatting.number(rule.count_threshold)} events per run")
    return (
        f"regressed = worse by more than {' / '.join(limits)} with p < {rule.alpha:g} by Welch's t "
        "(the plain rule), and so by the deciding test too, beyond what all cells share and after "
        "correction for their number"
    )


def finding_words(finding: Finding) -> str:
    """Return what a finding stands for: its verdict, or that it is exact evidence and none."""
    return "exact" if finding.kind == BEHAVIOUR_CHANGED else VERDICT_WORDS[finding.severity]


def finding_place(finding: Finding) -> str:
    """Return where a finding lives: dimension values, combinations, or the whole matrix."""
    if finding.where:
        return ", ".join(f"{name}={value}" for name, value in finding.where.items())
    if not finding.combinations:
        return WHOLE_MATRIX
    if len(finding.combinations) <= _MOST_NAMED_COMBINATIONS:
        return ", ".join(finding.combinations)
    return plural(len(finding.combinations), "combination")


def finding_sentence(finding: Finding, metrics: MetricCatalogue, escape: Escape = str) -> str:
    """Return a finding as one sentence, text from outside passed through ``escape``."""
    if finding.kind == BEHAVIOUR_CHANGED:
        # Its word says that it is exact: once is enough.
        return escape(finding.message.replace("behaviour changed, exactly:", "behaviour changed:"))
    where = finding_place(finding)
    subject = escape(metric_label(metrics, finding.metric)) if finding.metric else ""
    size = ""
    if finding.change is not None:
        size = change_with_interval(finding.change, finding.change_ci95, finding.change_unit)
    kind = escape(finding.kind.replace("_", " "))
    head = " ".join(part for part in (subject, size) if part) or kind
    # An effect is of all cells that it lies over: more than those that it made a regression of.
    is_over = finding.kind in ("dimension", "common_shift")
    cells = f"{'over ' if is_over else ''}{plural(finding.cells, 'cell')}"
    scope = f"in {escape(where)}, {cells} ({kind})"
    return f"{head} {scope}{_what_else(finding, metrics, escape)}"


def _what_else(finding: Finding, metrics: MetricCatalogue, escape: Escape) -> str:
    """Return what a finding says beside its leading change: its other metrics, its causes.

    Its own message says the same in one string, for where there is no catalogue; it is told only
    where the finding is more than a change of metrics.
    """
    figures = finding.explanation.get("metrics")
    if finding.change is None or not isinstance(figures, Mapping):
        return f": {escape(finding.message)}" if finding.message else ""
    others = [
        f"{escape(metric_label(metrics, name))} "
        f"{formatting.change(figure['change'], metrics[name].scale.change_unit)}"
        for name, figure in figures.items()
        if name != finding.metric and name in metrics
    ]
    causes = finding.explanation.get("likely_causes")
    text = f", with {', '.join(others[:_MOST_OTHERS])}" if others else ""
    if len(others) > _MOST_OTHERS:
        text += f" and {len(others) - _MOST_OTHERS} more"
    if isinstance(causes, Sequence) and causes:
        text += f"; likely cause: {escape('; '.join(map(str, causes)))}"
    return text


def hint_phrase(hint: CauseHint, metrics: MetricCatalogue, escape: Escape = str) -> str:
    """Return ``Shuffle spill 0 % → 45 % (+45 pp)``."""
    unit = metric_unit(metrics, hint.metric)
    before, after = (
        formatting.quantity(value, escape(unit)) for value in (hint.before, hint.after)
    )
    moved = formatting.change(hint.change, hint.change_unit)
    return f"{escape(metric_label(metrics, hint.metric))} {before} → {after} ({moved})"


def environment_phrase(
    changed: Mapping[str, tuple[tuple[str, ...], str]], escape: Escape = str
) -> str:
    """Return ``jdk 17.0.12 → 21.0.4; node_type a / b → c``."""
    return "; ".join(
        f"{escape(key)} {escape(' / '.join(v or 'not stated' for v in before))}"
        f" → {escape(after or 'not stated')}"
        for key, (before, after) in changed.items()
    )


_JUDGED = (
    Verdict.REGRESSED,
    Verdict.SUSPECTED,
    Verdict.CONFOUNDED,
    Verdict.IMPROVED,
    Verdict.UNCHANGED,
    Verdict.INCONCLUSIVE,
    Verdict.ACCEPTED_TRADEOFF,
)
_NOT_COMPARED = (Verdict.NOT_COMPARABLE, Verdict.SOURCE_CHANGED)


def _combinations_with(cells: Iterable[CellVerdict], verdict: Verdict) -> set[str]:
    return {cell.combination for cell in cells if cell.verdict is verdict}


def _only_failed_runs(verdict: CampaignVerdict) -> set[str]:
    """Return the combinations whose load runs failed, where nothing else is a regression."""
    blocking = [f for f in verdict.findings if f.severity is Verdict.REGRESSED]
    if any(finding.metric != FAILED_RUNS for finding in blocking):
        return set()
    return {name for finding in blocking for name in finding.combinations}


def _reasons(cells: Iterable[CellVerdict]) -> str:
    found = sorted({formatting.VERDICT_WORDS[cell.verdict] for cell in cells})
    return ", ".join(found) or "no cells"
