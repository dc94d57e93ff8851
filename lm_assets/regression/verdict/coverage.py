"""Whether enough of the campaign has landed to be judged at all."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.verdict.campaign_context import CampaignContext


@dataclass(frozen=True, kw_only=True, slots=True)
class TierGap:
    """A required tier of which more is missing than the policy allows."""

    tier: int
    missing: int
    expected: int
    allowed_missing_share: float

    @property
    def message(self) -> str:
        """The gap as a sentence."""
        return (
            f"tier {self.tier}: {self.missing} of {self.expected} expected cells have no value; "
            f"at most a share of {self.allowed_missing_share:g} may be missing"
        )


def coverage_gaps(
    cells: Cells, context: CampaignContext, policy: StagePolicy
) -> tuple[TierGap, ...]:
    """Return the required tiers that are not covered.

    Expected are the cells that have a baseline, and one more for every expected combination that
    has nothing of the tier. Combinations whose runs failed are reported as that, and not twice.
    """
    failed = set(context.failed_runs)
    gaps = []
    for required in policy.coverage:
        missing, expected = _counts(cells, context, required.tier, failed)
        if missing > required.allowed_missing_share * expected:
            gaps.append(
                TierGap(
                    tier=required.tier,
                    missing=missing,
                    expected=expected,
                    allowed_missing_share=required.allowed_missing_share,
                )
            )
    return tuple(gaps)


def _counts(cells: Cells, context: CampaignContext, tier: int, failed: Set[str]) -> tuple[int, int]:
    of_tier = np.array([metric.tier == tier for metric in cells.metrics], dtype=np.bool_)
    excused = np.array([name in failed for name in cells.combinations], dtype=np.bool_)
    chosen = of_tier[cells.metric_code] & ~excused[cells.combination_code]
    expected = chosen & (cells.baseline.n > 0)
    missing = expected & (cells.current.n == 0)
    seen = {cells.combinations[c] for c in np.unique(cells.combination_code[chosen]).tolist()}
    absent = [c for c in context.expected_combinations if c not in seen and c not in failed]
    return int(missing.sum()) + len(absent), int(expected.sum()) + len(absent)
