"""The policy of each stage: what counts as a regression, what the gate does, and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lm_assets.model.campaign import Stage
from lm_assets.model.noise_policy import (
    EnvironmentPolicy,
    NodePolicy,
    OverdispersionPolicy,
    RunPositionPolicy,
    TrendPolicy,
)
from lm_assets.model.ownership import OwnerRule
from lm_assets.model.policy_checks import at_least, open_fraction, positive, share
from lm_assets.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonShiftPolicy:
    """When a shift of the whole matrix is believed, taken off the cells, and reported.

    A shift that is significant at ``alpha`` and at least ``minimum_relative`` (or
    ``minimum_points``) is taken off every cell; from ``finding_relative`` (``finding_points``) on
    it is a finding. At least ``minimum_share`` of the cells must follow it, and may differ, beyond
    their noise, by a standard deviation of at most ``maximum_spread`` times the shift: what moved
    every cell by another amount is no common shift. Every dimension value must have moved.
    """

    alpha: float = 0.001
    minimum_cells: int = 20
    minimum_relative: float = 0.02
    minimum_points: float = 0.5
    finding_relative: float = 0.05
    finding_points: float = 1.25
    maximum_spread: float = 0.75
    minimum_share: float = 0.75

    def __post_init__(self) -> None:
        open_fraction("alpha", self.alpha)
        at_least("minimum_cells", self.minimum_cells, 3)
        share("minimum_share", self.minimum_share)
        for name in ("minimum_relative", "minimum_points", "maximum_spread"):
            positive(name, getattr(self, name))
        for scale in ("relative", "points"):
            smallest, finding = f"minimum_{scale}", f"finding_{scale}"
            positive(finding, getattr(self, finding))
            if not getattr(self, finding) >= getattr(self, smallest):
                raise ValueError(
                    f"{finding} must not be below {smallest}, got "
                    f"{getattr(self, finding)!r} and {getattr(self, smallest)!r}"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class TradeOffRule:
    """An exchange rate: what a loss may cost and what must be gained for it.

    A regressed cell of a ``worse`` metric is accepted when a ``better`` metric of the same
    combination is shown improved by at least ``gain_per_loss`` times the loss, no ``better``
    metric regressed, and the loss is not above ``maximum_loss`` (all relative).
    """

    name: str
    worse: tuple[str, ...]
    better: tuple[str, ...]
    gain_per_loss: float
    maximum_loss: float
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name must not be empty: reports say which rule accepted a loss")
        for side in ("worse", "better"):
            if not getattr(self, side):
                raise ValueError(f"{side} must name at least one metric")
        if both := sorted(set(self.worse) & set(self.better)):
            raise ValueError(f"a metric is worse or better, not both: {both}")
        positive("gain_per_loss", self.gain_per_loss)
        positive("maximum_loss", self.maximum_loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class RollUpPolicy:
    """When cells are reported as one effect of dimension values.

    ``alpha`` is the chance that any false effect enters a metric's fit; ``minimum_cells`` the
    fewest cells an effect is named for; ``maximum_effects`` bounds the search.
    """

    alpha: float = 0.001
    minimum_cells: int = 4
    maximum_effects: int = 12

    def __post_init__(self) -> None:
        open_fraction("alpha", self.alpha)
        at_least("minimum_cells", self.minimum_cells, 2)
        at_least("maximum_effects", self.maximum_effects, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationPolicy:
    """Whether suspected cells ask for fresh runs, how many per side, and for how many cells."""

    is_requested: bool = False
    runs_per_side: int = 5
    maximum_cells: int = 50

    def __post_init__(self) -> None:
        at_least("runs_per_side", self.runs_per_side, 2)
        at_least("maximum_cells", self.maximum_cells, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """What the campaign's verdict does.

    ``blocks`` are the verdicts that fail the gate (exit code 2; 4 for ``data_fault``), ``warns``
    those that are passed on as undecided (exit code 3). Undecided cells (``inconclusive``,
    ``insufficient_data``, ``no_baseline``) warn only above ``allowed_undecided_share`` of all;
    a source that is away (``source_changed``) and
    what was expected and did not land (``not_run``) is never too little to be told.
    ``behaviour_change`` says whether a changed behaviour, which is no verdict, warns as well.
    """

    blocks: tuple[Verdict, ...] = (Verdict.REGRESSED, Verdict.DATA_FAULT)
    warns: tuple[Verdict, ...] = (
        Verdict.SUSPECTED,
        Verdict.CONFOUNDED,
        Verdict.NOT_COMPARABLE,
        Verdict.INCONCLUSIVE,
        Verdict.INSUFFICIENT_DATA,
        Verdict.NO_BASELINE,
        Verdict.NOT_RUN,
        Verdict.SOURCE_CHANGED,
    )
    behaviour_change: Literal["told", "warns"] = "told"
    allowed_undecided_share: float = 0.2
    allowed_failed_run_share: float = 0.0

    def __post_init__(self) -> None:
        if both := sorted(set(self.blocks) & set(self.warns)):
            raise ValueError(f"a verdict blocks or warns, not both: {both}")
        if good := sorted({Verdict.IMPROVED, Verdict.UNCHANGED} & set(self.blocks + self.warns)):
            raise ValueError(f"blocks and warns must not name what nobody acts on: {good}")
        share("allowed_undecided_share", self.allowed_undecided_share)
        share("allowed_failed_run_share", self.allowed_failed_run_share)


@dataclass(frozen=True, kw_only=True, slots=True)
class TierCoverage:
    """A tier without which a campaign is not fit to be judged, and what share may be missing."""

    tier: int
    allowed_missing_share: float

    def __post_init__(self) -> None:
        if self.tier not in (1, 2, 3):
            raise ValueError(f"tier must be 1, 2 or 3, got {self.tier!r}")
        share("allowed_missing_share", self.allowed_missing_share)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertPolicy:
    """Who is told of which verdicts, and how an alert lives.

    ``clean_campaigns`` in a row recover an alert; within ``reopen_days`` the same cause opens it
    again, later it opens another. An acknowledgement lasts ``acknowledge_days`` unless it says
    otherwise, and at most ``longest_acknowledgement_days``. Who does not answer is reminded once,
    after ``remind_after_working_days``. With ``digest`` every campaign tells what is live.
    ``owners`` say who looks after which part of the matrix: the first rule that holds decides.
    """

    channels: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = (Verdict.REGRESSED, Verdict.DATA_FAULT)
    clean_campaigns: int = 2
    reopen_days: int = 14
    acknowledge_days: int = 7
    longest_acknowledgement_days: int = 30
    remind_after_working_days: int = 2
    digest: bool = False
    owners: tuple[OwnerRule, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.channels)) != len(self.channels):
            raise ValueError(f"channels must be distinct, got {list(self.channels)}")
        for name in ("clean_campaigns", "acknowledge_days", "remind_after_working_days"):
            at_least(name, getattr(self, name), 1)
        at_least("reopen_days", self.reopen_days, 0)
        longest = self.longest_acknowledgement_days
        at_least("longest_acknowledgement_days", longest, self.acknowledge_days)


@dataclass(frozen=True, kw_only=True, slots=True)
class StagePolicy:
    """How strictly one stage judges.

    ``threshold_*`` and ``alpha`` are the plain rule: worse by more than the threshold, with p
    below alpha. ``equivalence_*`` are the margins within which a cell must be *shown* to lie to be
    called unchanged; both are factors on ratio metrics, the same for better and for worse. With
    fewer than ``regressed_minimum_current_runs`` current runs no comparison says more than
    suspected. ``expects`` is what a campaign is to run where its manifest says neither
    combinations nor a priority. ``power`` and ``maximum_runs`` are for the advice on how many runs
    to make. ``expected_every_hours`` is how often a campaign of the stage comes; None: nobody waits
    for one.
    """

    threshold_relative: float = 0.20
    threshold_points: float = 5.0
    alpha: float = 0.05
    multiplicity: bool = True
    false_discovery_rate: float = 0.05
    equivalence_relative: float = 0.20
    equivalence_points: float = 5.0
    equivalence_events_per_run: float = 1.0
    minimum_baseline_runs: int = 3
    minimum_current_runs: int = 1
    regressed_minimum_current_runs: int = 3
    moderated_minimum_cells: int = 20
    power: float = 0.8
    maximum_runs: int = 200
    run_positions: RunPositionPolicy = field(default_factory=RunPositionPolicy)
    common_shift: CommonShiftPolicy = field(default_factory=CommonShiftPolicy)
    overdispersion: OverdispersionPolicy = field(default_factory=OverdispersionPolicy)
    nodes: NodePolicy = field(default_factory=NodePolicy)
    environment: EnvironmentPolicy = field(default_factory=EnvironmentPolicy)
    trade_offs: tuple[TradeOffRule, ...] = ()
    roll_up: RollUpPolicy = field(default_factory=RollUpPolicy)
    confirmation: ConfirmationPolicy = field(default_factory=ConfirmationPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
    coverage: tuple[TierCoverage, ...] = ()
    trend: TrendPolicy = field(default_factory=TrendPolicy)
    expects: Literal["all_baselines", "landed"] = "all_baselines"
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    expected_every_hours: float | None = None

    def __post_init__(self) -> None:
        for name in ("threshold_relative", "alpha", "false_discovery_rate", "equivalence_relative"):
            open_fraction(name, getattr(self, name))
        for name in ("threshold_points", "equivalence_points", "equivalence_events_per_run"):
            positive(name, getattr(self, name))
        if self.expected_every_hours is not None:
            positive("expected_every_hours", self.expected_every_hours)
        at_least("minimum_baseline_runs", self.minimum_baseline_runs, 2)
        at_least("minimum_current_runs", self.minimum_current_runs, 1)
        at_least("regressed_minimum_current_runs", self.regressed_minimum_current_runs, 1)
        at_least("moderated_minimum_cells", self.moderated_minimum_cells, 2)
        at_least("maximum_runs", self.maximum_runs, 2)
        if not self.alpha < self.power < 1.0:
            raise ValueError(f"power must lie between alpha and 1, got {self.power!r}")
        for what, names in (
            ("coverage must name each tier once", [item.tier for item in self.coverage]),
            ("trade_offs must have distinct names", [rule.name for rule in self.trade_offs]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what}, got {names}")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegressionPolicy:
    """The policy of every stage."""

    stages: Mapping[Stage, StagePolicy]

    def __post_init__(self) -> None:
        if absent := [stage.value for stage in Stage if stage not in self.stages]:
            raise ValueError(f"stages must have a policy for every stage, absent: {absent}")

    def for_baselines(self, stage: Stage) -> StagePolicy:
        """Return a stage's policy with the strictest thresholds of all stages.

        A baseline serves every stage: what is a loss for one of them is a loss.
        """
        names = ("threshold_relative", "threshold_points", "equivalence_events_per_run")
        strictest = {
            name: min(getattr(policy, name) for policy in self.stages.values()) for name in names
        }
        return replace(self.stages[stage], **strictest)
