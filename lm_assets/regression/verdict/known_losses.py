"""What is left of a verdict when the losses that people already have in hand are set apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.gate import EXIT_DATA_FAULT, campaign_outcome

# Missing and faulty data is nothing that an acknowledgement can make up for.
_LOSSES = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemainingVerdict:
    """A campaign's verdict and exit code without the known losses, and which those are.

    ``cells`` maps each known cell to its alert, ``findings`` each known finding, by its place in
    the verdict.
    """

    verdict: Verdict
    exit_code: int
    cells: Mapping[tuple[str, str], KnownAlert] = field(default_factory=dict)
    findings: Mapping[int, KnownAlert] = field(default_factory=dict)

    def knows(self, cell: CellVerdict) -> bool:
        """Whether a cell's loss is a known one."""
        return (cell.combination, cell.metric) in self.cells


def remaining_verdict(
    verdict: CampaignVerdict, alerts: Sequence[KnownAlert], policy: GatePolicy
) -> RemainingVerdict:
    """Return what the gate does when acknowledged and accepted losses do not block.

    A cell is known when an alert that somebody has covers it and no open one does; a finding when
    its own alert is, or one that covers all its combinations. A data fault stays one, whatever is
    known beside it.
    """
    cells = {
        (cell.combination, cell.metric): alert
        for cell in verdict.cells
        if cell.verdict in _LOSSES and (alert := _excuse_of_cell(cell, alerts)) is not None
    }
    findings = {
        place: alert
        for place, finding in enumerate(verdict.findings)
        if finding.severity in _LOSSES
        and (alert := _excuse_of_finding(finding, alerts)) is not None
    }
    if not cells and not findings:
        return RemainingVerdict(verdict=verdict.verdict, exit_code=verdict.exit_code)
    left = _outcome(verdict, cells, findings, policy)
    return RemainingVerdict(verdict=left[0], exit_code=left[1], cells=cells, findings=findings)


def alert_of_finding(finding: Finding, alerts: Sequence[KnownAlert]) -> KnownAlert | None:
    """Return the alert that a finding belongs to: its own first, else one that covers it."""
    return next(
        (alert for alert in alerts if _is_own(finding, alert)),
        next((alert for alert in alerts if _covers_all(finding, alert)), None),
    )


def alert_of_cell(cell: CellVerdict, alerts: Sequence[KnownAlert]) -> KnownAlert | None:
    """Return the alert that a cell belongs to: an open one before one that somebody has."""
    covering = [alert for alert in alerts if alert.covers(cell.combination, cell.metric)]
    return min(covering, key=lambda alert: alert.excuses, default=None)


def _excuse_of_cell(cell: CellVerdict, alerts: Sequence[KnownAlert]) -> KnownAlert | None:
    alert = alert_of_cell(cell, alerts)
    return alert if alert is not None and alert.excuses else None


def _excuse_of_finding(finding: Finding, alerts: Sequence[KnownAlert]) -> KnownAlert | None:
    own = [alert for alert in alerts if _is_own(finding, alert)]
    concerned = own or [alert for alert in alerts if _covers_all(finding, alert)]
    if concerned and all(alert.excuses for alert in concerned):
        return concerned[0]
    return None


def _is_own(finding: Finding, alert: KnownAlert) -> bool:
    is_same_place = dict(alert.located_in) == dict(finding.where)
    if finding.kind in ("cell", "limit"):
        is_same_place = set(finding.combinations) <= alert.combinations
    is_of_metric = finding.metric in (alert.metric, *alert.metrics)
    return alert.kind == finding.kind and is_of_metric and is_same_place


def _covers_all(finding: Finding, alert: KnownAlert) -> bool:
    is_of_metric = finding.metric in (alert.metric, *alert.metrics)
    combinations = set(finding.combinations)
    return is_of_metric and bool(combinations) and combinations <= alert.combinations


def _outcome(
    verdict: CampaignVerdict,
    cells: Mapping[tuple[str, str], KnownAlert],
    findings: Mapping[int, KnownAlert],
    policy: GatePolicy,
) -> tuple[Verdict, int]:
    if verdict.exit_code == EXIT_DATA_FAULT:
        return verdict.verdict, verdict.exit_code
    known = Counter(
        cell.verdict.value for cell in verdict.cells if (cell.combination, cell.metric) in cells
    )
    counts = {name: count - known[name] for name, count in verdict.counts.items()}
    # They stay cells of the campaign: the share of undecided ones is of all cells, known or not.
    same = Verdict.UNCHANGED.value
    counts[same] = counts.get(same, 0) + known.total()
    unknown = [f for place, f in enumerate(verdict.findings) if place not in findings]
    left = campaign_outcome(counts, unknown, (), policy)
    return left.verdict, left.exit_code
