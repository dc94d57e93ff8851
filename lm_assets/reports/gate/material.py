"""What the gate's documents are made from: one verdict, what is known of it, where to read on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.known_losses import RemainingVerdict

BASELINES_FILE = "config/baselines/load-test-baselines.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateMaterial:
    """A judged campaign as continuous integration is told of it.

    ``remaining`` is the verdict without the losses that somebody has in hand. ``matrix`` tells
    apart the comments of several matrices in one pull request. ``baseline_lines`` has the line of
    each combination in ``baselines_file``, a path inside the repository. ``alerts_note`` says why
    no alerts are known, where that is so. ``quarantined`` counts what was refused of the delivery,
    by rule.
    """

    verdict: CampaignVerdict
    remaining: RemainingVerdict
    at: datetime
    metrics: MetricCatalogue = field(default_factory=lambda: MetricCatalogue(()))
    policy: GatePolicy = field(default_factory=GatePolicy)
    alerts: Sequence[KnownAlert] = ()
    alerts_note: str = ""
    quarantined: Mapping[str, int] = field(default_factory=dict)
    matrix: str = "default"
    git_sha: str = ""
    reports: Mapping[str, str] = field(default_factory=dict)
    baselines_file: str = BASELINES_FILE
    baseline_lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def campaign(self) -> str:
        """The campaign's id."""
        return self.verdict.campaign

    @property
    def quarantine_phrase(self) -> str:
        """What was refused of the delivery, with the command that says why; empty for nothing."""
        if not self.quarantined:
            return ""
        rules = ", ".join(f"{lines} × {rule}" for rule, lines in self.quarantined.items())
        return f"quarantined: {rules}; lm quarantine {self.campaign} says why"

    @property
    def stage(self) -> str:
        """The stage that it was judged at."""
        return self.verdict.stage

    def blocks(self, verdict: Verdict) -> bool:
        """Whether cells of this verdict fail the gate."""
        return verdict in self.policy.blocks

    def warns(self, verdict: Verdict) -> bool:
        """Whether cells of this verdict are passed on as undecided."""
        return verdict in self.policy.warns

    def line(self, cells: Finding | CellVerdict) -> int:
        """Return the line of the first combination's baseline; 1 where there is none."""
        if isinstance(cells, CellVerdict):
            return self.baseline_lines.get(cells.combination, 1)
        lines = (self.baseline_lines.get(name) for name in cells.combinations)
        return next((line for line in lines if line is not None), 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unjudged:
    """A campaign without a verdict of what was delivered, and why: no format takes it for a pass.

    ``state`` is a word such as ``waiting``; ``exit_code`` what the gate ends with.
    """

    campaign: str
    stage: str
    state: str
    reason: str
    exit_code: int
    at: datetime
    matrix: str = "default"
    baselines_file: str = BASELINES_FILE
