"""A campaign's card, from what is kept of it for a year."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence

from lm_assets.model.campaign_card import CampaignCard, CardFinding, CardLevel, CardTrend
from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.combination import Matrix
from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, Finding
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.reports import phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK

_MOST_FINDINGS = 3
_LONGEST_SENTENCE = 240
_MOST_LEVELS = 12
_OPERATION = "operation"


def campaign_card(
    verdict: CampaignVerdict,
    *,
    facts: CampaignFacts | None,
    summaries: Sequence[MetricSummary],
    metrics: MetricCatalogue,
    matrix: Matrix,
    reports: Sequence[str],
) -> CampaignCard:
    """Return what the index says of a campaign.

    Parameters
    ----------
    facts : CampaignFacts, optional
        What the runs said of the campaign itself; None when an earlier version stored it.
    reports : sequence of str
        The names of the layers that there are.
    """
    told = sorted(verdict.findings, key=_gravest_first)
    return CampaignCard(
        campaign=verdict.campaign,
        stage=str(verdict.stage),
        verdict=verdict.verdict,
        exit_code=verdict.exit_code,
        headline=phrases.headline(verdict),
        started_at=None if facts is None else facts.started_at,
        git_sha="" if facts is None else facts.subject.git_sha,
        version_labels={} if facts is None else dict(facts.subject.version_labels),
        combinations=len({cell.combination for cell in verdict.cells}),
        runs=None if facts is None else facts.runs,
        failed_runs=None if facts is None else facts.failed_runs,
        counts=dict(verdict.counts),
        findings=tuple(_told(finding, metrics) for finding in told[:_MOST_FINDINGS]),
        left_out=max(0, len(told) - _MOST_FINDINGS),
        reports=tuple(reports),
        trend=_trend(facts, summaries, metrics, matrix),
        is_own_baseline=is_own_baseline(verdict),
    )


def _gravest_first(finding: Finding) -> tuple[int, bool, int]:
    return VERDICT_RANK[finding.severity], finding.kind == "cell", -finding.cells


def _told(finding: Finding, metrics: MetricCatalogue) -> CardFinding:
    if finding.kind == "cell":
        size = phrases.change_with_interval(
            finding.change, finding.change_ci95, finding.change_unit
        )
        label = phrases.metric_label(metrics, finding.metric)
        sentence = f"{label} {size} in {', '.join(finding.combinations)}"
    else:
        sentence = phrases.finding_sentence(finding, metrics)
    return CardFinding(
        severity=finding.severity, sentence=one_line(sentence, limit=_LONGEST_SENTENCE)
    )


def _trend(
    facts: CampaignFacts | None,
    summaries: Sequence[MetricSummary],
    metrics: MetricCatalogue,
    matrix: Matrix,
) -> CardTrend | None:
    metric, dimension = _trend_metric(metrics), _trend_dimension(matrix)
    if metric is None or facts is None:
        return None
    means: dict[str, dict[str, float]] = defaultdict(dict)
    for summary in summaries:
        value = facts.combinations.get(summary.combination, {}).get(dimension)
        if summary.metric != metric.name or value is None:
            continue
        if summary.mean is not None and summary.mean > 0:
            means[value][summary.combination] = summary.mean
    most = sorted(means, key=lambda value: (-len(means[value]), value))[:_MOST_LEVELS]
    return CardTrend(
        metric=metric.label,
        unit=metric.unit,
        dimension=dimension,
        levels={value: _level(means[value]) for value in sorted(most)},
    )


def _trend_metric(metrics: MetricCatalogue) -> Metric | None:
    """Return the first ratio of the highest tier: what users feel."""
    ratios = [m for m in metrics if m.is_judged and m.scale is Scale.RATIO]
    return max(ratios, key=lambda m: m.tier, default=None)


def _trend_dimension(matrix: Matrix) -> str:
    """Return the operation, or where a matrix has none its first dimension but the versions."""
    names = list(matrix.dimensions)
    others = [name for name in names if name != matrix.version_dimension]
    return _OPERATION if _OPERATION in names else (others or names)[0]


def _level(means: dict[str, float]) -> CardLevel:
    logs = math.fsum(math.log(mean) for mean in means.values())
    digest = hashlib.sha256("\n".join(sorted(means)).encode()).hexdigest()
    return CardLevel(mean=math.exp(logs / len(means)), combinations=len(means), of=digest[:12])
