"""A code-quality report and a metrics report, as GitLab's merge requests show them."""

import json

from lm_assets.model.verdict import Verdict
from lm_assets.reports import phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK
from lm_assets.reports.gate.entries import Entry, entries, sentence
from lm_assets.reports.gate.escaping import metric_label_value, storable
from lm_assets.reports.gate.material import GateMaterial, Unjudged

MOST_ISSUES = 5000
MOST_CHANGES = 500


def code_quality_json(material: GateMaterial) -> str:
    """Return the issues of a campaign; a merge request shows which are new and which are gone.

    At most 5,000, the worst first; the last then says how many are left out.
    """
    found = [entry for entry in entries(material) if _severity(material, entry) is not None]
    issues = [_issue(material, entry) for entry in found[:MOST_ISSUES]]
    if len(found) > MOST_ISSUES:
        text = f"{len(found) - MOST_ISSUES + 1} more are in the reports of {material.campaign}"
        issues[-1] = _made(text, "lm-gate", "info", key="and-more", path=material.baselines_file)
    return _dumped(issues)


def unjudged_code_quality(unjudged: Unjudged) -> str:
    """Return the one issue of a campaign without a verdict: an empty report would be a pass."""
    text = f"{unjudged.campaign}: {unjudged.state}, {unjudged.reason}"
    key = f"unjudged-{unjudged.stage}-{unjudged.matrix}"
    return _dumped([_made(text, "lm-gate", "blocker", key=key, path=unjudged.baselines_file)])


def metrics_report(material: GateMaterial) -> str:
    """Return the gate's figures in the OpenMetrics text format, a line a figure.

    Changes of at most 500 cells that moved are among them, the worst first.
    """
    stage = metric_label_value(material.stage)
    lines = [f'lm_gate_exit_code{{stage="{stage}"}} {material.remaining.exit_code}']
    for verdict in sorted(Verdict, key=VERDICT_RANK.__getitem__):
        labels = f'stage="{stage}",verdict="{verdict.value}"'
        lines.append(f"lm_gate_cells{{{labels}}} {material.verdict.counts.get(verdict.value, 0)}")
    lines.append(f'lm_gate_known_cells{{stage="{stage}"}} {len(material.remaining.cells)}')
    moved = [e for e in entries(material) if e.noun.change is not None and e.kind == "cell"]
    for entry in moved[:MOST_CHANGES]:
        labels = (
            f'stage="{stage}",combination="{metric_label_value(entry.where)}",'
            f'metric="{metric_label_value(entry.metric)}"'
        )
        name = {"relative": "ratio", "points": "points"}.get(entry.noun.change_unit, "events")
        lines.append(f"lm_gate_change_{name}{{{labels}}} {entry.noun.change:.6g}")
    return "\n".join([*lines, "# EOF", ""])


def unjudged_metrics(unjudged: Unjudged) -> str:
    """Return the one figure of a campaign without a verdict: how the gate ended."""
    stage = metric_label_value(unjudged.stage)
    return f'lm_gate_exit_code{{stage="{stage}"}} {unjudged.exit_code}\n# EOF\n'


def _severity(material: GateMaterial, entry: Entry) -> str | None:
    if entry.is_known:
        return "info"
    if material.blocks(entry.verdict):
        return "blocker" if entry.verdict is Verdict.DATA_FAULT else "critical"
    return "minor" if material.warns(entry.verdict) else None


def _issue(material: GateMaterial, entry: Entry) -> dict[str, object]:
    known = "known, not blocking: " if entry.is_known else ""
    return _made(
        known + sentence(material, entry),
        phrases.metric_label(material.metrics, entry.metric) or entry.kind,
        _severity(material, entry) or "info",
        key=entry.fingerprint,
        path=material.baselines_file,
        line=material.line(entry.noun),
    )


def _made(
    text: str, name: str, severity: str, *, key: str, path: str, line: int = 1
) -> dict[str, object]:
    return {
        "description": one_line(storable(text), limit=1000),
        "check_name": one_line(storable(name), limit=100),
        "severity": severity,
        "fingerprint": key,
        "location": {"path": path, "lines": {"begin": line}},
    }


def _dumped(issues: list[dict[str, object]]) -> str:
    return json.dumps(issues, ensure_ascii=False, indent=1) + "\n"
