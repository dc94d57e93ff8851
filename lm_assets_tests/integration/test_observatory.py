"""The exporter, Prometheus and Alertmanager, real: right answers, and the life of an alert."""

import json
import signal
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from lm_assets.gateways.warehouse.schema import migrate
from lm_assets_tests.conftest import FAST_POSTGRES
from lm_assets_tests.dashboards.boards import name_of, promql_queries
from lm_assets_tests.dashboards.grafana_macros import interpolated
from lm_assets_tests.exporter.standings import shipped_settings
from lm_assets_tests.fakes.webhook import WebhookServer
from lm_assets_tests.integration.observatory import Observatory, wait_until
from lm_assets_tests.integration.observed_history import (
    move_alert,
    newest,
    open_alert,
    recently,
    store_history,
)
from lm_assets_tests.integration.own_servers import OwnPostgres
from lm_assets_tests.rules.test_alert_rules import RECORDED

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CHOSEN = {"stage": "nightly", "dimension": "extension", "dimension_label": "dim_extension"}
# What the rules of the shipped matrix ask and this history has no answer to: it has no such label.
HEARTBEATS = """
CREATE TABLE daemon_heartbeats (daemon_type text, daemon_id text, timestamp timestamp, body text);
INSERT INTO daemon_heartbeats
SELECT name, '', timezone('UTC', now()) + interval '1 hour', ''
FROM unnest(ARRAY['SENSOR', 'SCHEDULER']) name;
"""


class World:
    """A warehouse with a history, what looks at it, and whoever is told."""

    def __init__(self, postgres: OwnPostgres, observatory: Observatory, told: WebhookServer):
        self.postgres, self.observatory, self.told = postgres, observatory, told

    def messages(self, name: str, **labels: str) -> list[str]:
        """Return the status of each message about an alert, in the order in which they came."""
        wanted = {"alertname": name, **labels}.items()
        return [
            alert["status"]
            for received in self.told.received
            for alert in json.loads(received.body)["alerts"]
            if wanted <= alert["labels"].items()
        ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="lm-test-") as folder, WebhookServer() as told:
        Path(folder).chmod(0o711)
        postgres = OwnPostgres(Path(folder) / "postgres", settings=FAST_POSTGRES)
        try:
            migrate(postgres.url)
            store_history(postgres.url, now=recently())
            with psycopg.connect(postgres.environment["LM_DAGSTER_POSTGRES_URL"]) as connection:
                connection.execute(HEARTBEATS)
            with psycopg.connect(postgres.url) as connection:
                connection.execute(
                    "INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, "
                    "details, due_on, recorded_at) VALUES ('due', 'a1b2c3d4', 'f', 'nightly', "
                    "now(), 'reminded', '{}', '{slack}', now())"
                )
            watching = Observatory(
                tmp_path_factory.mktemp("observatory"),
                environment=postgres.environment,
                webhook=told.address,
            )
            with watching as observatory:
                for name in ("alertmanager", "exporter", "prometheus"):
                    observatory.start(name)
                yield World(postgres, observatory, told)
        finally:
            if postgres.is_running():
                postgres.stop()


@pytest.mark.parametrize("asked", promql_queries(), ids=name_of)
def test_every_promql_of_a_panel_has_an_answer(world, asked):
    query = interpolated(asked.text, CHOSEN)
    wait_until(lambda: world.observatory.asked(query), asked.by)


@pytest.mark.parametrize("record", RECORDED)
def test_every_recorded_series_has_an_answer(world, record):
    wait_until(lambda: world.observatory.asked(record), record)


def test_what_prometheus_answers_is_what_postgres_holds(world):
    query = (
        "SELECT s.combination, s.mean, v.baseline_mean FROM summaries s "
        "JOIN verdicts v USING (campaign, combination, metric) WHERE campaign = %s AND metric = %s"
    )
    ratio = "stage_combination:lm_result_duration_per_lm_baseline_duration:ratio"
    wait_until(lambda: world.observatory.asked(ratio), ratio)
    with psycopg.connect(world.postgres.url) as connection:
        for exported in shipped_settings().metrics:
            rows = connection.execute(query, [newest("nightly"), exported.metric.name]).fetchall()
            answer = world.observatory.asked(f'{exported.result}{{stage="nightly"}}')
            found = {a["metric"]["combination"]: float(a["value"][1]) for a in answer}
            for combination, mean, _ in rows:
                assert found[combination] == pytest.approx(mean * exported.factor)
        rows = connection.execute(query, [newest("nightly"), "duration_s"]).fetchall()
    ratios = {
        a["metric"]["combination"]: float(a["value"][1])
        for a in world.observatory.asked(ratio + '{stage="nightly"}')
    }
    assert len(rows) > 4
    for combination, mean, baseline in rows:
        assert ratios[combination] == pytest.approx(mean / baseline)


def test_an_alert_lives_and_people_are_told_once_of_each_turn(world, report_count):
    observatory = world.observatory
    alert = {"alert_id": "life0001"}
    with psycopg.connect(world.postgres.url, autocommit=True) as connection:
        open_alert(connection, **alert, fingerprint="life", at=recently())
        fired = wait_until(
            lambda: observatory.fires("LmRegressionOpen", **alert), "the alert fires"
        )
        told = wait_until(lambda: world.messages("LmRegressionOpen", **alert), "people are told")
        move_alert(connection, "life0001", "acknowledged", by="mira", at=recently())
        quiet = wait_until(
            lambda: not observatory.fires("LmRegressionOpen", **alert), "the alert is quiet"
        )
        wait_until(
            lambda: world.messages("LmRegressionOpen", **alert) == ["firing", "resolved"],
            "people are told that it ended",
        )
        move_alert(connection, "life0001", "resolved", at=recently() + timedelta(seconds=1))
        state = 'lm_alert_state{alert_id="life0001",state="resolved"} == 1'
        wait_until(lambda: observatory.asked(state), "it is resolved")
    assert world.messages("LmRegressionOpen", **alert) == ["firing", "resolved"]
    report_count(
        f"life of an alert, minutes as seconds: fires after {fired:.1f} s, people told "
        f"{told:.1f} s later, quiet {quiet:.1f} s after it was taken"
    )


@pytest.fixture
def open_and_told(world) -> Iterator[list[str]]:
    """The messages about an alert that is open all the time, as they were before."""
    wait_until(
        lambda: world.messages("LmRegressionOpen", alert_id="a1b2c3d4"), "people know of the alert"
    )
    before = world.messages("LmRegressionOpen", alert_id="a1b2c3d4")
    yield before
    after = world.messages("LmRegressionOpen", alert_id="a1b2c3d4")
    assert after == before, "the open alert flapped"
    assert world.observatory.fires("LmRegressionOpen", alert_id="a1b2c3d4")


def test_a_killed_exporter_is_told_and_nothing_flaps(world, open_and_told):
    world.observatory.stop("exporter", signal.SIGKILL)
    wait_until(lambda: world.observatory.fires("LmExporterDown"), "LmExporterDown")
    assert not world.observatory.fires("LmWarehouseDown")
    world.observatory.start("exporter")
    wait_until(lambda: not world.observatory.fires("LmExporterDown"), "it ends")


def test_a_killed_postgres_is_told_and_nothing_flaps(world, open_and_told):
    world.postgres.stop(signal.SIGKILL)
    wait_until(lambda: world.observatory.fires("LmWarehouseDown"), "LmWarehouseDown")
    assert not world.observatory.fires("LmExporterDown")
    world.postgres.start()
    wait_until(lambda: not world.observatory.fires("LmWarehouseDown"), "it ends")


def test_a_killed_prometheus_comes_back_to_the_same_and_nothing_flaps(world, open_and_told):
    world.observatory.stop("prometheus", signal.SIGKILL)
    world.observatory.start("prometheus")
    wait_until(
        lambda: world.observatory.fires("LmRegressionOpen", alert_id="a1b2c3d4"), "it fires again"
    )
