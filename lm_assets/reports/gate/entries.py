"""What there is to tell of a verdict, finding by finding and cell by cell, in plain words."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.known_losses import alert_of_cell, alert_of_finding
from lm_assets.reports import formatting, phrases
from lm_assets.reports.decision import decision_phrase
from lm_assets.reports.formatting import VERDICT_WORDS
from lm_assets.reports.gate.material import GateMaterial
from lm_assets.reports.insight import severity

_WORSE = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED)
_NOT_TOLD = (Verdict.IMPROVED, Verdict.UNCHANGED, Verdict.ACCEPTED_TRADEOFF)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing to tell: a finding, or a cell that no finding of its own stands for.

    ``where`` is text from outside, to be escaped. ``alert`` is what people said of it, ``is_known``
    that it does not block for that.
    """

    noun: Finding | CellVerdict
    verdict: Verdict
    kind: str
    metric: str
    where: str
    fingerprint: str
    alert: KnownAlert | None = None
    is_known: bool = False

    @property
    def change(self) -> str:
        """The change with its interval; empty where there is none."""
        if self.noun.change is None:
            return ""
        return phrases.change_with_interval(
            self.noun.change, self.noun.change_ci95, self.noun.change_unit
        )


def entries(material: GateMaterial) -> list[Entry]:
    """Return what there is to tell: findings as the verdict orders them, then cells, worst first.

    Improved and unchanged cells and findings are no news to a gate. A regressed cell has its
    finding already, be it a wider one; one that has none is told all the same.
    """
    told = [*_findings(material), *_cells(material)]
    return sorted(told, key=lambda entry: entry.is_known)


def decided_cells(material: GateMaterial) -> list[CellVerdict]:
    """Return every cell, worst first."""
    return sorted(material.verdict.cells, key=severity)


def figures(material: GateMaterial, cell: CellVerdict) -> str:
    """Return the numbers that a cell's verdict rests on, in one plain line."""
    unit = phrases.metric_unit(material.metrics, cell.metric)
    before = formatting.quantity(cell.baseline_mean, unit)
    after = formatting.quantity(cell.current_mean, unit)
    change = phrases.change_with_interval(cell.change, cell.change_ci95, cell.change_unit)
    runs = f"runs {cell.n_baseline} : {cell.n_current}"
    return f"{before} → {after}, {change}, {runs}, {decision_phrase(cell)}"


def sentence(material: GateMaterial, entry: Entry) -> str:
    """Return one thing to tell as a plain sentence; not escaped."""
    if isinstance(entry.noun, CellVerdict):
        label = phrases.metric_label(material.metrics, entry.metric)
        text = f"{label} in {entry.where}: {figures(material, entry.noun)}"
        if entry.verdict not in _WORSE:
            words = VERDICT_WORDS[entry.verdict]
            text = f"{label} in {entry.where}: {words}, {why_undecided(entry.noun)}"
    else:
        text = phrases.finding_sentence(entry.noun, material.metrics)
    return f"{text}; {alert_phrase(entry.alert)}" if entry.alert is not None else text


def why_undecided(cell: CellVerdict) -> str:
    """Return in plain words why a cell could not be decided; not escaped."""
    fault = cell.explanation.get("fault")
    if isinstance(fault, Mapping) and "rule" in fault:
        return f"{fault['rule']} ({fault.get('side', '')} run {fault.get('run', '')})"
    if missing := cell.explanation.get("missing_because"):
        return str(missing)
    reasons = {
        Verdict.NO_BASELINE: "nothing accepted to compare with",
        Verdict.NOT_RUN: "expected, and nothing of it landed",
        Verdict.NOT_COMPARABLE: "its environment is another than the baseline's",
        Verdict.DATA_FAULT: "values that cannot be judged",
        Verdict.INSUFFICIENT_DATA: (f"too few usable runs ({cell.n_baseline} : {cell.n_current})"),
    }
    if cell.verdict in reasons:
        return reasons[cell.verdict]
    if cell.runs_needed is not None:
        return f"{cell.runs_needed} runs a side would decide"
    return "neither worse nor shown to be the same"


def alert_phrase(alert: KnownAlert) -> str:
    """Return an alert with its state and who has it; not escaped."""
    by = f" by {alert.by}" if alert.by else ""
    until = f" until {alert.until:%Y-%m-%d}" if alert.until is not None else ""
    worse = ", grown since" if alert.has_worsened else ""
    owner = f", owner {alert.owner}" if alert.owner else ""
    return f"alert {alert.alert_id} {alert.state.value}{by}{until}{worse}{owner}"


def fingerprint(stage: str, kind: str, metric: str, place: object) -> str:
    """Return what stays the same of a finding from campaign to campaign, whatever its size."""
    text = json.dumps([stage, kind, metric, place], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _findings(material: GateMaterial) -> Iterator[Entry]:
    cells = {(cell.combination, cell.metric): cell for cell in material.verdict.cells}
    for place, finding in enumerate(material.verdict.findings):
        if finding.severity in _NOT_TOLD:
            continue
        alert = alert_of_finding(finding, material.alerts)
        where = phrases.finding_place(finding)
        noun: Finding | CellVerdict = finding
        if finding.kind == "cell" and finding.combinations:
            where = finding.combinations[0]
            # The cell says more of itself than its finding does: both means, q and the runs.
            noun = cells.get((where, finding.metric), finding)
        located: object = dict(finding.where)
        if not finding.where and finding.kind != "common_shift":
            located = sorted(finding.combinations)
        yield Entry(
            noun=noun,
            verdict=finding.severity,
            kind=finding.kind,
            metric=finding.metric,
            where=where,
            fingerprint=fingerprint(material.stage, finding.kind, finding.metric, located),
            alert=alert,
            is_known=place in material.remaining.findings,
        )


def _cells(material: GateMaterial) -> Iterator[Entry]:
    findings = _told_cells(material)
    for cell in decided_cells(material):
        is_told = (cell.combination, cell.metric) in findings
        if cell.verdict in _NOT_TOLD or (cell.verdict is Verdict.REGRESSED and is_told):
            continue
        yield Entry(
            noun=cell,
            verdict=cell.verdict,
            kind="cell",
            metric=cell.metric,
            where=cell.combination,
            fingerprint=fingerprint(material.stage, "cell", cell.metric, [cell.combination]),
            alert=alert_of_cell(cell, material.alerts),
            is_known=material.remaining.knows(cell),
        )


def _told_cells(material: GateMaterial) -> set[tuple[str, str]]:
    told: set[tuple[str, str]] = set()
    for finding in material.verdict.findings:
        others = finding.explanation.get("metrics")
        metrics = {finding.metric, *(others if isinstance(others, Mapping) else ())}
        told |= {(name, metric) for name in finding.combinations for metric in metrics}
    return told
