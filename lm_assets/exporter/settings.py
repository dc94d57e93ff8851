"""What the exporter takes from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lm_assets.exporter.units import ExportedMetric, dimension_labels, headline_metrics
from lm_assets.model.combination import Matrix
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.retention import RetentionPolicy

DEFAULT_SERIES_LIMIT = 30_000
# A stage that is silent for three times its interval has been reported as stale for long; its last
# results would be read as those of today.
_INTERVALS_SHOWN = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class StageExpectation:
    """What is expected of a stage's campaigns.

    ``shown_for`` is how long after it was stored the results of a campaign are still told.
    """

    interval_s: float | None
    allowed_failed_run_share: float
    shown_for: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ExporterSettings:
    """Which metrics are told, under which labels, and what each stage is expected to do."""

    metrics: tuple[ExportedMetric, ...]
    dimension_labels: Mapping[str, str]
    stages: Mapping[str, StageExpectation]

    @classmethod
    def of(
        cls,
        *,
        matrix: Matrix,
        metrics: MetricCatalogue,
        regression: RegressionPolicy,
        retention: RetentionPolicy,
    ) -> "ExporterSettings":
        """Return what these files say."""
        stages = {}
        for stage, policy in regression.stages.items():
            hours = policy.expected_every_hours
            stages[str(stage)] = StageExpectation(
                interval_s=None if hours is None else hours * 3600.0,
                allowed_failed_run_share=policy.gate.allowed_failed_run_share,
                shown_for=timedelta(days=retention.raw_days)
                if hours is None
                else timedelta(hours=hours * _INTERVALS_SHOWN),
            )
        return cls(
            metrics=headline_metrics(metrics),
            dimension_labels=dimension_labels(list(matrix.dimensions)),
            stages=stages,
        )
