"""Campaigns as the gate's documents are made from: plain ones, known ones, hostile ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from lm_assets.model.alert import AlertState
from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.known_losses import remaining_verdict
from lm_assets.reports.gate.material import GateMaterial, Unjudged
from lm_assets_tests.builders import (
    CAMPAIGN,
    COMBINATION,
    a_cell,
    a_finding,
    a_metric_catalogue,
    a_verdict,
)

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# What has broken other people's tools: markup, mentions, commands, ends of documents, controls.
HOSTILE = (
    "x` @everyone <script>alert(1)</script> | #12 ](https://evil.example)\n"
    "::error::pwned\r\n##[add-mask]x --> ]]> &amp; \" ' \\ {0} %0A \x1b[2J \u2028 \x00 \ufffe"
)


def an_alert(**changes: Any) -> KnownAlert:
    """Return an alert of the builders' regressed cell that somebody has."""
    defaults: dict[str, Any] = {
        "alert_id": "a1b2c3",
        "fingerprint": "0123456789abcdef",
        "kind": "cell",
        "metric": "duration_s",
        "state": AlertState.ACKNOWLEDGED,
        "combinations": frozenset({COMBINATION}),
        "by": "jo",
        "until": datetime(2026, 12, 1, tzinfo=UTC),
        "reason": "a fix is on its way",
    }
    return KnownAlert(**{**defaults, **changes})


def of_cell(cell: CellVerdict) -> Finding:
    """Return the finding that the judge makes of a lone regressed cell."""
    return a_finding(
        kind="cell",
        metric=cell.metric,
        where={},
        change=cell.change,
        change_ci95=cell.change_ci95,
        change_unit=cell.change_unit,
        cells=1,
        combinations=(cell.combination,),
    )


def a_gate_material(
    cells: Sequence[CellVerdict] | None = None,
    *,
    findings: Sequence[Finding] | None = None,
    alerts: Sequence[KnownAlert] = (),
    policy: GatePolicy | None = None,
    verdict_changes: dict[str, Any] | None = None,
    **changes: Any,
) -> GateMaterial:
    """Return a campaign whose regressed cells have the findings that the judge makes of them."""
    cells = (a_cell(),) if cells is None else tuple(cells)
    if findings is None:
        findings = [of_cell(cell) for cell in cells if cell.verdict is Verdict.REGRESSED]
    verdict = a_verdict(cells, findings=tuple(findings), **(verdict_changes or {}))
    policy = policy or GatePolicy()
    defaults: dict[str, Any] = {
        "verdict": verdict,
        "remaining": remaining_verdict(verdict, alerts, policy),
        "at": AT,
        "metrics": a_metric_catalogue(),
        "policy": policy,
        "alerts": alerts,
        "matrix": "load-metrics",
        "reports": {"technical.html": "https://reports.example/technical.html"},
        "baseline_lines": {COMBINATION: 42},
    }
    return GateMaterial(**{**defaults, **changes})


def an_unjudged(**changes: Any) -> Unjudged:
    """Return a campaign that waits for its verdict."""
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "stage": "ci",
        "state": "waiting",
        "reason": "its run has not ended",
        "exit_code": 5,
        "at": AT,
    }
    return Unjudged(**{**defaults, **changes})


def unchanged(**changes: Any) -> CellVerdict:
    """Return a cell that is shown to be the same."""
    defaults: dict[str, Any] = {
        "verdict": Verdict.UNCHANGED,
        "change": 0.01,
        "change_ci95": (-0.02, 0.04),
        "degradation": 0.01,
        "p": 0.6,
        "q": 0.8,
    }
    return a_cell(**{**defaults, **changes})


texts = st.text(max_size=400) | st.just(HOSTILE) | st.sampled_from(HOSTILE.split())


@st.composite
def materials(draw: st.DrawFn) -> GateMaterial:
    """Any campaign, whatever the names, notes and words from outside hold."""
    text = draw(texts)
    verdicts = draw(st.lists(st.sampled_from(Verdict), min_size=1, max_size=12))
    cells = [
        a_cell(
            combination=f"{text}{place}",
            metric=draw(st.sampled_from([text, "duration_s"])),
            verdict=verdict,
            explanation={"missing_because": text},
        )
        for place, verdict in enumerate(verdicts)
    ]
    findings = [
        a_finding(where={text: text}, message=text, explanation={"likely_causes": [text]}),
        a_finding(
            kind="environment_change",
            metric="",
            change=None,
            change_ci95=None,
            where={},
            message=text,
            severity=Verdict.INCONCLUSIVE,
        ),
        *(of_cell(cell) for cell in cells if cell.verdict is Verdict.REGRESSED),
    ]
    alerts = [
        an_alert(
            alert_id=text,
            combinations=frozenset(c.combination for c in cells),
            metrics=frozenset({text}),
            by=text,
            reason=text,
            owner=text,
        )
    ]
    return a_gate_material(
        cells,
        findings=findings,
        alerts=draw(st.sampled_from([(), tuple(alerts)])),
        verdict_changes={"notes": (text, HOSTILE)},
        git_sha=text,
        matrix=text,
        reports={"technical.html": text, "executive.md": "s3://bucket/x"},
    )
