"""The exporter on a real Postgres: what it reads, as whom, and what it says when it cannot."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from lm_assets.exporter.backfill import open_metrics
from lm_assets.exporter.exposition import Exposition
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.dagster_heartbeats import DagsterHeartbeats
from lm_assets.gateways.engines.databases import sibling_url
from lm_assets.gateways.warehouse import WarehouseError, WarehouseUnavailableError
from lm_assets.gateways.warehouse.past import open_past
from lm_assets.gateways.warehouse.schema import migrate
from lm_assets.gateways.warehouse.standing import StandingReader
from lm_assets_tests.conftest import own_database
from lm_assets_tests.exporter.standings import samples_of, shipped_settings, value
from lm_assets_tests.integration.observed_history import (
    move_alert,
    newest,
    open_alert,
    recently,
    store_history,
    stored_combinations,
)

pytestmark = pytest.mark.integration

SETTINGS = shipped_settings()
METRICS = [exported.metric.name for exported in SETTINGS.metrics]


@pytest.fixture(scope="module", params=["postgres_15", "postgres_18"])
def _history(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Server and name of a database with a history, to be copied for each test."""
    if request.param == "postgres_15":
        server = request.getfixturevalue("debian_postgres_url")
    else:
        server = request.getfixturevalue("engines")["LM_POSTGRES_URL"]
    with own_database(server) as url:
        migrate(url)
        store_history(url, now=recently())
        yield server, urlsplit(url).path.lstrip("/")


@pytest.fixture
def history_url(_history: tuple[str, str]) -> Iterator[str]:
    """URL of a warehouse with a history up to now, on the oldest and the newest Postgres."""
    server, template = _history
    with own_database(server, template=template) as url:
        yield url


@pytest.fixture
def reader(history_url: str) -> Iterator[StandingReader]:
    with closing(StandingReader(history_url, metrics=METRICS)) as opened:
        yield opened


def exposed(reader: StandingReader, **options: object) -> Exposition:
    return Exposition(
        reader, SETTINGS, clock=SystemClock(), limit=30_000, version="1.2.3", **options
    )


def test_every_value_is_the_one_in_postgres(reader, history_url):
    text = b"".join(exposed(reader).answer().plain)
    found = samples_of(text)
    query = "SELECT combination, mean FROM summaries WHERE campaign = %s AND metric = %s"
    with psycopg.connect(history_url) as connection:
        for exported in SETTINGS.metrics:
            rows = connection.execute(query, [newest("nightly"), exported.metric.name]).fetchall()
            assert len(rows) == len(stored_combinations())
            for combination, mean in rows:
                labels = {"stage": "nightly", "combination": combination}
                expected = pytest.approx(mean * exported.factor)
                assert value(found, exported.result, **labels) == expected
        counts = dict(
            connection.execute(
                "SELECT verdict, count(*) FROM verdicts WHERE campaign = %s GROUP BY 1",
                [newest("nightly")],
            ).fetchall()
        )
    for verdict, count in counts.items():
        assert value(found, "lm_campaign_cells", stage="nightly", verdict=verdict) == count
    assert value(found, "lm_campaign_info", stage="nightly", campaign=newest("nightly")) == 1
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_an_older_campaign_that_is_judged_again_is_no_later(reader, history_url):
    with psycopg.connect(history_url) as connection:
        connection.execute("UPDATE campaigns SET judged_at = now() WHERE campaign = 'nightly-07'")
    nightly = next(c for c in reader.standing().campaigns if c.stage == "nightly")
    assert nightly.campaign == newest("nightly")


class TestChangeToken:
    def test_stays_while_nothing_happens(self, reader):
        assert reader.change_token() == reader.change_token()

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE campaigns SET judged_at = now() WHERE campaign = 'nightly-00'",
            "DELETE FROM campaigns WHERE campaign = 'ci-02'",
        ],
    )
    def test_is_another_when_a_campaign_changed(self, reader, history_url, change):
        before = reader.change_token()
        with psycopg.connect(history_url) as connection:
            connection.execute(change)
        assert reader.change_token() != before

    def test_is_another_when_an_alert_moved(self, reader, history_url):
        before = reader.change_token()
        with psycopg.connect(history_url) as connection:
            move_alert(connection, "a1b2c3d4", "acknowledged", by="mira", at=recently())
        assert reader.change_token() != before


class TestAlerts:
    def test_are_told_with_their_state_and_place(self, reader):
        alerts = {a.alert_id: a for a in reader.standing().alerts}
        # One that ended two days ago is told no more.
        states = {"a1b2c3d4": "open", "e5f6a7b8": "acknowledged"}
        assert {name: alert.state for name, alert in alerts.items()} == states
        assert alerts["a1b2c3d4"].located_in == "extension=iceberg"
        assert alerts["e5f6a7b8"].owner == "o'brien"

    def test_are_open_since_they_became_so_last(self, reader, history_url):
        with psycopg.connect(history_url) as connection:
            move_alert(connection, "a1b2c3d4", "acknowledged", by="mira", at=recently())
            connection.execute(
                "INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, "
                "from_state, to_state, details, due_on, recorded_at) VALUES ('x', 'a1b2c3d4', 'f', "
                "'nightly', now(), 'expired', 'acknowledged', 'open', '{}', '{}', "
                "'2030-01-01T00:00:00Z')"
            )
            connection.execute("UPDATE alerts SET state = 'open' WHERE alert_id = 'a1b2c3d4'")
        (alert,) = [a for a in reader.standing().alerts if a.alert_id == "a1b2c3d4"]
        assert alert.open_since == datetime.fromisoformat("2030-01-01T00:00:00+00:00")

    def test_that_a_channel_has_not_taken_say_since_when(self, reader, history_url):
        assert reader.oldest_undelivered() == {}
        at = recently()
        with psycopg.connect(history_url) as connection:
            open_alert(connection, alert_id="new", fingerprint="new", at=at)
            connection.execute(
                "INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, "
                "details, due_on, recorded_at) SELECT 'due', alert_id, fingerprint, stage, at, "
                "'reminded', details, '{slack,webhook}', %s FROM alert_events "
                "WHERE alert_id = 'new'",
                [at],
            )
            connection.execute(
                "INSERT INTO deliveries (campaign, channel, digest, event_id) "
                "VALUES ('', 'webhook', 'd', 'due')"
            )
        assert reader.oldest_undelivered() == {"slack": at}


class TestReader:
    def test_may_change_nothing(self, reader):
        with pytest.raises(WarehouseError, match=r"ReadOnly|Insufficient"):
            reader._connection.run(lambda c: c.execute("DELETE FROM alerts"))

    def test_without_the_role_is_refused_with_what_to_do(self, history_url):
        with psycopg.connect(history_url, autocommit=True) as connection:
            name = sql.Identifier("nobody_" + connection.info.dbname)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p'").format(name))
            connection.execute(sql.SQL("GRANT SELECT ON lm_schema_version TO {}").format(name))
            user = "nobody_" + connection.info.dbname
        try:
            with psycopg.connect(history_url) as connection:
                parameters = connection.info.get_parameters()
            url = f"postgresql://{user}:p@/{parameters['dbname']}?host={parameters['host']}"
            if "port" in parameters:
                url += f"&port={parameters['port']}"
            with (
                closing(StandingReader(url, metrics=METRICS)) as opened,
                pytest.raises(WarehouseError, match="GRANT lm_reader TO"),
            ):
                opened.change_token()
        finally:
            with psycopg.connect(history_url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
                connection.execute(sql.SQL("DROP ROLE {}").format(name))

    def test_tells_an_outage_at_once(self):
        with (
            closing(StandingReader("postgresql://x@127.0.0.1:1/x", metrics=METRICS)) as opened,
            pytest.raises(WarehouseUnavailableError),
        ):
            opened.change_token()


def test_an_empty_warehouse_is_up_and_has_nothing(warehouse_url):
    with closing(StandingReader(warehouse_url, metrics=METRICS)) as opened:
        found = samples_of(b"".join(exposed(opened).answer().plain))
    assert value(found, "lm_warehouse_up") == 1
    assert not any(name.startswith(("lm_campaign_", "lm_result_", "lm_alert")) for name, _ in found)


def test_heartbeats_are_read_from_dagsters_table(empty_database):
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "CREATE TABLE daemon_heartbeats (daemon_type varchar(255), daemon_id varchar(255), "
            "timestamp timestamp, body text)"
        )
        connection.execute(
            "INSERT INTO daemon_heartbeats VALUES ('SENSOR', 'x', '2026-11-22 03:00:00', '')"
        )
    with closing(DagsterHeartbeats(empty_database)) as beats:
        found = beats.heartbeats()
    assert found == {"SENSOR": datetime.fromisoformat("2026-11-22T03:00:00+00:00")}


def test_a_database_without_dagsters_tables_is_told(empty_database):
    with (
        closing(DagsterHeartbeats(sibling_url(empty_database, "postgres"))) as beats,
        pytest.raises(WarehouseUnavailableError, match="UndefinedTable"),
    ):
        beats.heartbeats()


class TestBackfill:
    def test_gives_prometheus_every_campaign_at_its_time(self, history_url, tmp_path):
        since = recently() - timedelta(days=365)
        file = tmp_path / "history.om"
        with open_past(history_url, since=since) as past:
            file.write_text("".join(open_metrics(past, SETTINGS.metrics)), encoding="utf-8")
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=1000h"]
        data = tmp_path / "data"
        subprocess.run([*command, "openmetrics", file, data, "-q"], check=True, timeout=120)
        # A server's own folder; promtool's reading asks for it.
        (data / "wal").mkdir(exist_ok=True)
        dumped = subprocess.run(
            ["promtool", "tsdb", "dump", data], capture_output=True, text=True, check=True
        ).stdout
        with psycopg.connect(history_url) as connection:
            rows = connection.execute(
                "SELECT started_at, runs FROM campaigns WHERE stage = 'nightly'"
            ).fetchall()
        found = re.findall(r'"lm_campaign_runs".*stage="nightly"\} (\S+) (\d+)', dumped)
        expected = {(float(runs), int(at.timestamp() * 1000)) for at, runs in rows}
        assert {(float(value), int(at)) for value, at in found} == expected
        assert len(expected) == 14

    def test_of_an_empty_warehouse_is_empty(self, warehouse_url):
        with open_past(warehouse_url, since=recently()) as past:
            lines = list(open_metrics(past, SETTINGS.metrics))
        assert lines[-1] == "# EOF\n"
        assert all(line.startswith("# ") for line in lines)
