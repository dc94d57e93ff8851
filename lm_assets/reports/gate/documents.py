"""The gate's formats by name: each a document of one campaign, judged or not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lm_assets.reports.gate.comment import comment_markdown, unjudged_markdown
from lm_assets.reports.gate.github import github_commands, unjudged_commands
from lm_assets.reports.gate.gitlab import (
    code_quality_json,
    metrics_report,
    unjudged_code_quality,
    unjudged_metrics,
)
from lm_assets.reports.gate.junit import junit_xml, unjudged_xml
from lm_assets.reports.gate.material import GateMaterial, Unjudged
from lm_assets.reports.gate.sarif import sarif_json, unjudged_sarif


@dataclass(frozen=True, kw_only=True, slots=True)
class GateFormat:
    """How a format tells of a campaign, and of one that has no verdict."""

    judged: Callable[[GateMaterial], str]
    unjudged: Callable[[Unjudged], str]


FORMATS: Mapping[str, GateFormat] = {
    "markdown": GateFormat(judged=comment_markdown, unjudged=unjudged_markdown),
    "junit": GateFormat(judged=junit_xml, unjudged=unjudged_xml),
    "sarif": GateFormat(judged=sarif_json, unjudged=unjudged_sarif),
    "github": GateFormat(judged=github_commands, unjudged=unjudged_commands),
    "gitlab": GateFormat(judged=code_quality_json, unjudged=unjudged_code_quality),
    "gitlab-metrics": GateFormat(judged=metrics_report, unjudged=unjudged_metrics),
}


def gate_document(name: str, subject: GateMaterial | Unjudged) -> str:
    """Return one campaign in a format."""
    if isinstance(subject, Unjudged):
        return FORMATS[name].unjudged(subject)
    return FORMATS[name].judged(subject)
