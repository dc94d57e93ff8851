"""What every report layer is made from: one campaign's facts, gathered, and nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lm_assets.model.addresses import Addresses
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Manifest
from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.ownership import OwnerRule, owner_of
from lm_assets.model.record import QuarantinedLine, RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, CellVerdict
from lm_assets.reports.pictures.trend import Trend

CellKey = tuple[str, str]
Samples = tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRule:
    """The thresholds a verdict rests on, to be drawn and named beside it.

    A threshold is a degradation in the cell's own change unit: a fraction for ``relative``,
    percentage points for ``points``, events per run otherwise. ``None`` draws no mark.
    """

    relative_threshold: float
    alpha: float
    points_threshold: float | None = None
    count_threshold: float | None = None

    def threshold(self, change_unit: str) -> float | None:
        """Return the threshold for a change unit."""
        if change_unit == "relative":
            return self.relative_threshold
        return self.points_threshold if change_unit == "points" else self.count_threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportMaterial:
    """Everything the four report layers of one campaign are made from.

    ``current_samples`` are the campaign's values by (combination, metric), ``dimensions`` the
    dimension values of each combination in the matrix's order, ``missing`` the number of runs
    without a value by (metric, reason), ``runs`` the number of load runs by combination.
    ``baseline`` may hold more than the campaign needs. ``causes`` say why combinations got worse;
    ``trends`` are cells over the campaigns until this one, as far as they are told; ``records``
    its load runs; ``owners`` say who looks after which part of the matrix, ``addresses`` where
    people look further; ``value_order`` has the values of each dimension as the matrix lists them.
    """

    manifest: Manifest
    verdict: CampaignVerdict
    metrics: MetricCatalogue
    rule: DecisionRule
    summaries: Sequence[MetricSummary] = ()
    baseline: BaselineCatalogue = field(default_factory=BaselineCatalogue)
    current_samples: Mapping[CellKey, Samples] = field(default_factory=dict)
    dimensions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[CellKey, int] = field(default_factory=dict)
    quarantined: Sequence[QuarantinedLine] = ()
    runs: Mapping[str, int] = field(default_factory=dict)
    causes: Sequence[CombinationCauses] = ()
    trends: Mapping[CellKey, Trend] = field(default_factory=dict)
    records: Sequence[RunRecord] = ()
    owners: Sequence[OwnerRule] = ()
    addresses: Addresses = field(default_factory=Addresses)
    value_order: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def owner(self, combination: str) -> str:
        """Who looks after a combination by the policy; empty where nobody is named."""
        return owner_of(self.owners, [self.dimensions.get(combination, {})])

    @property
    def combinations(self) -> tuple[str, ...]:
        """Every combination that has a cell or a value, or was expected, sorted."""
        found = {cell.combination for cell in self.verdict.cells}
        found |= {combination for combination, _ in self.current_samples}
        return tuple(sorted(found | set(self.manifest.expected_combinations)))

    @property
    def cells(self) -> Mapping[CellKey, CellVerdict]:
        """Cells by (combination, metric)."""
        return {(cell.combination, cell.metric): cell for cell in self.verdict.cells}

    @property
    def metric_order(self) -> Mapping[str, int]:
        """Each metric's place in the catalogue; metrics it does not know come after, by name."""
        known = list(self.metrics.names)
        named = {cell.metric for cell in self.verdict.cells}
        named |= {metric for _, metric in self.current_samples}
        return {name: place for place, name in enumerate([*known, *sorted(named - set(known))])}

    def why(self, combination: str) -> str:
        """Return the one sentence on why a combination changed; empty where none is known."""
        rows = [row for row in self.causes if row.combination == combination and row.explanation]
        return rows[0].explanation.summary if rows and rows[0].explanation else ""

    def baseline_samples(self, combination: str, metric: str) -> tuple[float, ...]:
        """Return the accepted samples of a cell; none where there is no baseline."""
        entry = self.baseline.entries.get(combination)
        if entry is None or metric not in entry.metrics:
            return ()
        return entry.metrics[metric].samples

    def changed_environment(self) -> Mapping[str, tuple[tuple[str, ...], str]]:
        """Return what differs between the campaign's environment and that of its baselines.

        By fingerprint key: the baselines' values (more than one when they disagree), and the
        campaign's; an absent value is an empty text. A side that states nothing at all is not
        compared.
        """
        mine = self.manifest.environment
        theirs: dict[str, set[str]] = defaultdict(set)
        entries = [self.baseline.entries.get(combination) for combination in self.combinations]
        fingerprints = [entry.environment for entry in entries if entry and entry.environment]
        if not mine or not fingerprints:
            return {}
        for key in sorted({key for fingerprint in (mine, *fingerprints) for key in fingerprint}):
            theirs[key] = {fingerprint.get(key, "") for fingerprint in fingerprints}
        return {
            key: (tuple(sorted(values)), mine.get(key, ""))
            for key, values in theirs.items()
            if values != {mine.get(key, "")}
        }

    def quarantine_counts(self) -> Mapping[str, int]:
        """Return the number of quarantined lines by the rule they broke, most first."""
        counts = Counter(line.rule for line in self.quarantined)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def current_samples(records: Iterable[RunRecord]) -> Mapping[CellKey, Samples]:
    """Return the samples of a campaign's records by (combination, metric), in run order.

    They are those the judge compares: of a run that failed, only the stability counts.
    """
    found: dict[CellKey, list[tuple[str, float]]] = defaultdict(list)
    for record in sorted(records, key=_run_order):
        values = record.tier1_stability if record.is_failed else record.metrics
        for metric, value in values.items():
            found[record.combination, metric].append((record.run_id, value))
    return {key: tuple(found[key]) for key in sorted(found)}


def missing_reasons(records: Iterable[RunRecord]) -> Mapping[CellKey, int]:
    """Return the number of runs without a value by (metric, reason)."""
    counts = Counter(
        (metric, reason) for record in records for metric, reason in record.missing.items()
    )
    return dict(sorted(counts.items()))


def _run_order(record: RunRecord) -> tuple[str, str, str]:
    started = record.started_at.isoformat() if record.started_at else ""
    return (record.combination, started, record.run_id)
