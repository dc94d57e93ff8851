"""What the index over campaigns says of one of them: small, and all that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFinding:
    """One finding as a sentence, with the verdict that it stands for."""

    severity: Verdict
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CardLevel:
    """Where a metric stood in the combinations of one dimension value.

    ``mean`` is the geometric mean of the combinations' means, in the metric's unit; ``of`` is the
    same for campaigns that ran the same combinations, whose levels alone can be compared.
    """

    mean: float
    combinations: int
    of: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CardTrend:
    """The metric that a campaign is told by in trend lines, by the values of one dimension."""

    metric: str
    unit: str
    dimension: str
    levels: Mapping[str, CardLevel] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignCard:
    """One campaign in the index.

    ``started_at`` is the start of its first load run, by which campaigns stand in order; None when
    no run says. ``runs`` and ``failed_runs`` are None where nothing says how many there were.
    ``reports`` are the names of the layers that there are, ``left_out`` counts the findings that
    are told in the reports alone. ``is_own_baseline`` says that it is compared with a baseline made
    from itself: its verdict shows nothing.
    """

    campaign: str
    stage: str
    verdict: Verdict
    exit_code: int
    headline: str
    started_at: datetime | None = None
    git_sha: str = ""
    version_labels: Mapping[str, str] = field(default_factory=dict)
    combinations: int = 0
    runs: int | None = None
    failed_runs: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[CardFinding, ...] = ()
    left_out: int = 0
    reports: tuple[str, ...] = ()
    trend: CardTrend | None = None
    is_own_baseline: bool = False
