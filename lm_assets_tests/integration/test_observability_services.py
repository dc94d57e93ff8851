"""What `lm serve` and `lm demo` start to be watched by: the real exporter and Prometheus."""

from pathlib import Path

import pytest
import requests

from lm_assets.cli.platform.exporter_rules import rules_text
from lm_assets.exporter.recording_rules import recording_groups
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.dagster_services import ServiceStartError
from lm_assets.gateways.observability_services import ObservabilityServices
from lm_assets_tests.exporter.standings import SHIPPED
from lm_assets_tests.integration.observed_history import recently, store_history

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def services(warehouse_url, tmp_path):
    store_history(warehouse_url, now=recently())
    environment = {
        "PATH": "/usr/bin:/bin",
        "LM_POSTGRES_URL": warehouse_url,
        "LM_CONFIG_DIR": str(SHIPPED),
    }
    with ObservabilityServices(
        tmp_path, rules=PROJECT / "prometheus", environment=environment
    ) as made:
        yield made


def recording_rules() -> str:
    configuration = load_configuration(SHIPPED)
    return rules_text(recording_groups(configuration.matrix, configuration.metrics))


def test_the_alerts_that_hold_are_those_of_the_warehouse(services):
    metrics = services.start_exporter()
    assert "lm_warehouse_up 1.0" in requests.get(metrics, timeout=10).text
    assert services.start_prometheus(recording_rules(), interval_s=1) is not None
    holding = services.holding_alerts()
    services.check_alive()
    assert holding["LmRegressionOpen"] == 1
    assert holding["LmWatchdog"] == 1
    assert "LmWarehouseDown" not in holding


def test_without_prometheus_only_the_exporter_is_there(services, monkeypatch):
    services.start_exporter()
    monkeypatch.setenv("PATH", "/nowhere")
    assert services.start_prometheus(recording_rules()) is None
    services.check_alive()


def test_an_exporter_that_cannot_start_is_told_with_its_last_words(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "LM_CONFIG_DIR": str(SHIPPED)}
    with (
        ObservabilityServices(
            tmp_path, rules=PROJECT / "prometheus", environment=environment
        ) as made,
        pytest.raises(ServiceStartError, match="LM_POSTGRES_URL is not set"),
    ):
        made.start_exporter()
