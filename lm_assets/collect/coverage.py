"""Which tiers and metrics have values in how many runs, and why the others have none."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lm_assets.model.delivery import Delivery
from lm_assets.model.metric import MetricCatalogue, Tier
from lm_assets.model.policy import TierCoverage as RequiredTier
from lm_assets.model.record import RunRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricCoverage:
    """One metric over a campaign's runs: how many have it, from which sources, and why not."""

    metric: str
    runs: int
    with_value: int
    sources: Mapping[str, int]
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignCoverage:
    """Share of runs without any metric of each required tier, against what is allowed."""

    runs: int
    missing_shares: Mapping[str, float]
    too_thin: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Whether the campaign is fit to be judged."""
        return self.runs > 0 and not self.too_thin

    @property
    def message(self) -> str:
        """The reason in words; empty when all is well."""
        if self.runs == 0:
            return "no load run was accepted: see the campaign's quarantine"
        if self.too_thin:
            return "too many runs without: " + ", ".join(self.too_thin)
        return ""


def with_coverage(
    delivery: Delivery, records: Iterable[RunRecord], required: Iterable[RequiredTier]
) -> Delivery:
    """Return a delivery with what makes its campaign unfit to be judged among its faults."""
    coverage = tier_coverage(records, required)
    if coverage.is_enough:
        return delivery
    return replace(delivery, faults=(*delivery.faults, coverage.message))


def metric_coverage(
    records: Sequence[RunRecord], metrics: MetricCatalogue
) -> tuple[MetricCoverage, ...]:
    """Return the coverage of every metric, in display order."""
    sources: dict[str, Counter[str]] = {name: Counter() for name in metrics.names}
    reasons: dict[str, Counter[str]] = {name: Counter() for name in metrics.names}
    for record in records:
        for name, source in record.provenance.items():
            if name in sources:
                # "result line: duration_sec", "prometheus (of limits)": a source and a remark.
                sources[name][re.split(r": | \(", source, maxsplit=1)[0]] += 1
        for name, reason in record.missing.items():
            if name in reasons:
                reasons[name][reason] += 1
    return tuple(
        MetricCoverage(
            metric=name,
            runs=len(records),
            with_value=sources[name].total(),
            sources=dict(sources[name].most_common()),
            reasons=dict(reasons[name].most_common()),
        )
        for name in metrics.names
    )


def tier_coverage(
    records: Iterable[RunRecord], required: Iterable[RequiredTier]
) -> CampaignCoverage:
    """Return whether each required tier has a value in enough runs.

    Parameters
    ----------
    records : iterable of RunRecord
    required : iterable of RequiredTier
        Required tiers, each with the share of runs (0 to 1) that may be without it.
    """
    allowed_missing_shares = {item.tier: item.allowed_missing_share for item in required}
    runs = 0
    without: Counter[int] = Counter()
    for record in records:
        runs += 1
        tiers = {
            Tier.STABILITY: record.tier1_stability,
            Tier.EFFICIENCY: record.tier2_efficiency,
            Tier.PERFORMANCE: record.tier3_performance,
        }
        without.update(tier for tier in allowed_missing_shares if not tiers[Tier(tier)])
    shares = {tier: without[tier] / runs if runs else 1.0 for tier in allowed_missing_shares}
    return CampaignCoverage(
        runs=runs,
        missing_shares={f"tier {tier}": share for tier, share in shares.items()},
        too_thin=tuple(
            f"tier {tier} ({share:.0%} of runs, {allowed_missing_shares[tier]:.0%} allowed)"
            for tier, share in shares.items()
            if share > allowed_missing_shares[tier]
        ),
    )
