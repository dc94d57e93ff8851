"""Builders of what stands now, and a source that gives it and counts how often it is asked."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from lm_assets.exporter.settings import ExporterSettings
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.warehouse import WarehouseUnavailableError
from lm_assets.model.standing import (
    Degradation,
    Figure,
    Standing,
    StandingAlert,
    StandingCampaign,
)
from lm_assets_tests.builders import COMBINATION, DIMENSIONS

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SHIPPED = Path(__file__).parents[2] / "config"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def shipped_settings() -> ExporterSettings:
    configuration = load_configuration(SHIPPED)
    return ExporterSettings.of(
        matrix=configuration.matrix,
        metrics=configuration.metrics,
        regression=configuration.regression,
        retention=configuration.retention,
    )


def a_campaign(**changes: Any) -> StandingCampaign:
    """Return a nightly campaign that came an hour ago, in which one cell regressed."""
    defaults: dict[str, Any] = {
        "campaign": "nightly-1",
        "stage": "nightly",
        "git_sha": "1a2b3c4",
        "baseline_version": "5f2c9e",
        "verdict": "regressed",
        "stored_at": NOW - timedelta(hours=1),
        "judged_at": NOW - timedelta(minutes=50),
        "started_at": NOW - timedelta(hours=3),
        "ended_at": NOW - timedelta(hours=2),
        "runs": 100,
        "failed_runs": 2,
        "combinations": 20,
        "verdict_counts": {"regressed": 1, "unchanged": 41},
        "findings": {("dimension", "regressed"): 1},
    }
    return StandingCampaign(**{**defaults, **changes})


def an_alert(**changes: Any) -> StandingAlert:
    """Return an open alert on the duration of one extension."""
    defaults: dict[str, Any] = {
        "alert_id": "a1",
        "stage": "nightly",
        "kind": "dimension",
        "metric": "duration_s",
        "verdict": "regressed",
        "state": "open",
        "open_since": NOW - timedelta(minutes=40),
        "located_in": "extension=rapids",
        "change": 0.31,
    }
    return StandingAlert(**{**defaults, **changes})


def a_standing(**changes: Any) -> Standing:
    """Return one nightly campaign with one combination, whose duration rose by 80 %."""
    defaults: dict[str, Any] = {
        "campaigns": (a_campaign(),),
        "first_stored_at": NOW - timedelta(days=30),
        "alerts": (an_alert(),),
        "alert_counts": {("nightly", "open"): 1, ("nightly", "resolved"): 4},
        "dimensions": {COMBINATION: DIMENSIONS},
        "results": [
            Figure("nightly", COMBINATION, "duration_s", 22.14),
            Figure("nightly", COMBINATION, "memory_usage_pct", 61.0),
            Figure("nightly", COMBINATION, "memory_gib_seconds", 2.0),
        ],
        "baselines": [Figure("", COMBINATION, "duration_s", 12.3)],
        "degradations": [
            Degradation("nightly", COMBINATION, "duration_s", "relative", 0.8),
            Degradation("nightly", COMBINATION, "memory_usage_pct", "points", 7.5),
            Degradation("nightly", COMBINATION, "failed_tasks", "events/run", 2.0),
        ],
    }
    return Standing(**{**defaults, **changes})


class CountingSource:
    """Satisfies `StandingSource`: gives a standing, counts its readings, and may be down."""

    def __init__(self, standing: Standing) -> None:
        self.now = standing
        self.token: object = 1
        self.readings = 0
        self.is_down = False
        self.undelivered: dict[str, datetime] = {}

    def change_token(self) -> object:
        if self.is_down:
            raise WarehouseUnavailableError("Postgres did not do its work")
        return self.token

    def standing(self) -> Standing:
        self.readings += 1
        return self.now

    def oldest_undelivered(self) -> Mapping[str, datetime]:
        return self.undelivered


def samples_of(text: bytes) -> Samples:
    """Return every sample of an exposition by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """Return the one sample of a name that has these labels, among others."""
    matching = [
        v for (n, have), v in found.items() if n == name and labels.items() <= dict(have).items()
    ]
    assert len(matching) == 1, f"{name} with {labels}: {len(matching)} series"
    return matching[0]
