"""The warehouse on real Postgres, the oldest and the newest supported version."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import alembic.command
import alembic.config
import psycopg
import pytest
import sqlalchemy

from lm_assets.gateways.object_store.protocol import ObjectStoreUnavailableError
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import (
    Warehouse,
    WarehouseError,
    WarehouseSchemaError,
    WarehouseUnavailableError,
    history,
    schema,
)
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import Verdict
from lm_assets_tests.builders import (
    CAMPAIGN,
    COMBINATION,
    STARTED,
    a_cell,
    a_finding,
    a_record,
    a_summary,
    a_verdict,
)

pytestmark = pytest.mark.integration
PATIENT = RetryPolicy(attempts=3, first_delay_s=0.05)
# Given by the server's clock at the first row; everything else must be the same after a repeat.
TABLES = {
    "campaigns": "campaign, stage, git_sha, version_labels, image_digests, environment, started_at,"
    " ended_at, combinations, runs, failed_runs, verdict, exit_code, verdict_counts,"
    " baseline_version, notes",
    "combinations": "*",
    "load_runs": "*",
    "run_metrics": "*",
    "summaries": "*",
    "verdicts": "*",
    "findings": "*",
}


@pytest.fixture
def warehouse(any_warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(any_warehouse_url, retry=PATIENT) as warehouse:
        yield warehouse


def rows(warehouse: Warehouse, query: str, *parameters: object) -> list[tuple[object, ...]]:
    return warehouse.run(lambda c: c.execute(query, parameters).fetchall())


def everything(warehouse: Warehouse) -> dict[str, list[str]]:
    return {
        table: sorted(str(row) for row in rows(warehouse, f"SELECT {columns} FROM {table}"))
        for table, columns in TABLES.items()
    }


def run_number(number: int, **changes: object) -> RunRecord:
    return a_record(
        run_id=f"run-{number}", started_at=STARTED + timedelta(minutes=number), **changes
    )


def test_a_runs_values_are_rows_and_what_is_missing_is_not(warehouse):
    record = a_record(
        tier1_stability={"failed_tasks": 0.0},
        tier2_efficiency={},
        tier3_performance={"duration_s": 12.5},
        provenance={"failed_tasks": "event_log", "duration_s": "result_line"},
        missing={"gc_time_pct": "no event log"},
    )
    warehouse.replace_runs(CAMPAIGN, [record])
    found = rows(
        warehouse,
        "SELECT combination, run_id, metric, tier, value, started_at FROM run_metrics"
        " ORDER BY tier",
    )
    assert found == [
        (COMBINATION, record.run_id, "failed_tasks", 1, 0.0, record.started_at),
        (COMBINATION, record.run_id, "duration_s", 3, 12.5, record.started_at),
    ]
    assert rows(warehouse, "SELECT missing FROM load_runs") == [({"gc_time_pct": "no event log"},)]


def test_a_campaigns_row_tells_what_its_runs_tell(warehouse):
    records = [run_number(1, exit_code=0), run_number(2, exit_code=137)]
    warehouse.replace_runs(CAMPAIGN, records)
    (overview,) = warehouse.recent_campaigns()
    assert overview.campaign == CAMPAIGN
    assert (overview.runs, overview.failed_runs, overview.combinations) == (2, 1, 1)
    assert overview.started_at == records[0].started_at
    assert overview.git_sha == records[0].subject.git_sha
    assert overview.verdict is None


def test_a_repeat_changes_nothing(warehouse):
    def store() -> dict[str, list[str]]:
        warehouse.replace_runs(CAMPAIGN, [run_number(1), run_number(2)])
        warehouse.replace_summaries(CAMPAIGN, [a_summary()])
        warehouse.replace_verdict(a_verdict())
        return everything(warehouse)

    first = store()
    assert all(first[table] for table in ("campaigns", "load_runs", "run_metrics", "summaries"))
    assert all(first[table] for table in ("combinations", "verdicts"))
    assert store() == first


def test_a_replacement_leaves_nothing_of_what_it_replaces(warehouse):
    other = "nightly-2026-11-21-other"
    warehouse.replace_runs(other, [run_number(1, campaign=other)])
    warehouse.replace_runs(CAMPAIGN, [run_number(1), run_number(2), run_number(3)])
    warehouse.replace_runs(CAMPAIGN, [run_number(2)])
    assert rows(warehouse, "SELECT campaign, run_id FROM load_runs ORDER BY campaign") == [
        (other, "run-1"),
        (CAMPAIGN, "run-2"),
    ]
    distinct = "SELECT DISTINCT campaign, run_id FROM run_metrics ORDER BY campaign"
    assert rows(warehouse, distinct) == [(other, "run-1"), (CAMPAIGN, "run-2")]


def test_a_replacement_that_fails_leaves_what_was_there(warehouse):
    warehouse.replace_runs(CAMPAIGN, [run_number(1), run_number(2)])
    before = everything(warehouse)
    with pytest.raises(WarehouseError, match="UniqueViolation"):
        warehouse.replace_runs(CAMPAIGN, [run_number(3), run_number(3)])
    assert everything(warehouse) == before


@pytest.mark.parametrize("replace", ["replace_runs", "replace_summaries", "replace_verdict"])
def test_a_replacement_whose_objects_fail_leaves_what_was_there(warehouse, replace):
    def fail() -> None:
        raise ObjectStoreUnavailableError("the store is away")

    warehouse.replace_runs(CAMPAIGN, [run_number(1), run_number(2)])
    before = everything(warehouse)
    rows_of = {
        "replace_runs": [CAMPAIGN, [run_number(3)]],
        "replace_summaries": [CAMPAIGN, [a_summary()]],
        "replace_verdict": [a_verdict()],
    }
    with pytest.raises(ObjectStoreUnavailableError, match="away"):
        getattr(warehouse, replace)(*rows_of[replace], before_commit=fail)
    assert everything(warehouse) == before
    warehouse.replace_runs(CAMPAIGN, [run_number(3)])
    assert rows(warehouse, "SELECT run_id FROM load_runs") == [("run-3",)]


def test_rows_of_another_campaign_are_refused(warehouse):
    with pytest.raises(WarehouseError, match="belong to"):
        warehouse.replace_runs("another", [a_record()])
    with pytest.raises(WarehouseError, match="belong to"):
        warehouse.replace_summaries("another", [a_summary()])
    assert rows(warehouse, "SELECT count(*) FROM campaigns") == [(0,)]


def test_a_figure_that_is_not_defined_is_null(warehouse):
    summary = replace(a_summary(), n=1, stddev=None, cv=None, ci95_low=None, ci95_high=None)
    warehouse.replace_summaries(CAMPAIGN, [summary])
    found = rows(warehouse, "SELECT n, stddev, cv, ci95_low, mean FROM summaries")
    assert found == [(1, None, None, None, summary.mean)]


def test_a_verdict_is_stored_with_its_cells_and_findings_in_order(warehouse):
    cells = [
        a_cell(metric="duration_s", verdict=Verdict.REGRESSED, change_ci95=(0.2, 0.5)),
        a_cell(metric="gc_time_pct", verdict=Verdict.NO_BASELINE, change=None, change_ci95=None),
    ]
    findings = [a_finding(kind="common_shift", where={}), a_finding(where={"extension": "rapids"})]
    warehouse.replace_verdict(a_verdict(cells=cells, findings=tuple(findings)))
    query = (
        "SELECT metric, verdict, change_ci95_low, change_ci95_high FROM verdicts ORDER BY metric"
    )
    assert rows(warehouse, query) == [
        ("duration_s", "regressed", 0.2, 0.5),
        ("gc_time_pct", "no_baseline", None, None),
    ]
    assert rows(warehouse, "SELECT kind, located_in FROM findings ORDER BY position") == [
        ("common_shift", {}),
        (findings[1].kind, {"extension": "rapids"}),
    ]
    (overview,) = warehouse.recent_campaigns()
    assert (overview.stage, overview.verdict) == (a_verdict().stage, str(a_verdict(cells).verdict))


def test_hostile_text_is_only_text(warehouse):
    text = "'; DROP TABLE campaigns; -- \t\n\\N \\. ü 100 % {}"
    record = a_record(run_id=text, extra={"note": text, "nul": "a\0b"}, missing={"x_s": text})
    warehouse.replace_runs(CAMPAIGN, [record])
    found = rows(warehouse, "SELECT run_id, extra, missing FROM load_runs")
    assert found == [(text, {"note": text, "nul": "a\ufffdb"}, {"x_s": text})]


class TestMonths:
    def partitions(self, warehouse: Warehouse) -> set[str]:
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
        return {str(name) for (name,) in rows(warehouse, query, "run_metrics")}

    def test_are_made_when_the_first_run_of_a_month_comes(self, warehouse):
        moments = [datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)]
        records = [a_record(run_id=str(n), started_at=moment) for n, moment in enumerate(moments)]
        warehouse.replace_runs(CAMPAIGN, records)
        assert self.partitions(warehouse) == {
            "run_metrics_undated",
            "run_metrics_2026_11",
            "run_metrics_2026_12",
        }
        assert rows(warehouse, "SELECT DISTINCT run_id FROM run_metrics_2026_12") == [("1",)]
        assert rows(warehouse, "SELECT count(*) FROM run_metrics_undated") == [(0,)]

    def test_hold_a_run_whose_start_is_unknown_apart(self, warehouse):
        warehouse.replace_runs(CAMPAIGN, [a_record(started_at=None, ended_at=None)])
        assert rows(warehouse, "SELECT DISTINCT started_at FROM run_metrics_undated") == [(None,)]
        assert self.partitions(warehouse) == {"run_metrics_undated"}

    def test_by_the_dozen_mean_a_wrong_clock_and_are_refused(self, warehouse):
        records = [
            a_record(run_id=str(n), started_at=datetime(2000 + n, 1, 1, tzinfo=UTC))
            for n in range(25)
        ]
        with pytest.raises(WarehouseError, match=r"25 different months, from 2000-01 to 2024-01"):
            warehouse.replace_runs(CAMPAIGN, records)

    def test_take_over_rows_that_came_before_them(self, warehouse):
        row = "('early', 'c', 'r', 'duration_s', 3, 1.5, '2026-11-05 00:00:00+00')"
        warehouse.run(lambda c: c.execute(f"INSERT INTO run_metrics VALUES {row}"))
        warehouse.replace_runs(CAMPAIGN, [a_record()])
        found = rows(warehouse, "SELECT value FROM run_metrics_2026_11 WHERE campaign = 'early'")
        assert found == [(1.5,)]


def in_threads(*units: Callable[[], None]) -> None:
    """Run units of work at the same moment; the first error of any of them is raised."""
    start = threading.Barrier(len(units))

    def run(unit: Callable[[], None]) -> None:
        start.wait(timeout=20)
        unit()

    with ThreadPoolExecutor(len(units)) as pool:
        for future in [pool.submit(run, unit) for unit in units]:
            future.result(timeout=60)


def test_many_writers_of_the_same_new_months_do_not_get_in_each_others_way(any_warehouse_url):
    def write(number: int) -> None:
        campaign = f"c{number}"
        records = [
            run_number(n, campaign=campaign, combination=f"cell-{(n * number) % 7}")
            for n in range(60)
        ]
        later = [
            replace(r, run_id=f"l-{r.run_id}", started_at=datetime(2027, 1, 5, tzinfo=UTC))
            for r in records
        ]
        with Warehouse(any_warehouse_url, retry=RetryPolicy(attempts=1)) as warehouse:
            warehouse.replace_runs(campaign, records + later)

    in_threads(*(lambda n=n: write(n) for n in range(8)))
    with Warehouse(any_warehouse_url) as warehouse:
        counts = rows(warehouse, "SELECT count(*) FROM load_runs GROUP BY campaign")
        assert counts == [(120,)] * 8
        assert rows(warehouse, "SELECT count(*) FROM run_metrics_undated") == [(0,)]


def test_of_two_writers_of_one_campaign_the_later_one_wins_whole(any_warehouse_url):
    def write(mark: str) -> None:
        records = [a_record(run_id=f"{mark}-{n}") for n in range(200)]
        with Warehouse(any_warehouse_url, retry=RetryPolicy(attempts=1)) as warehouse:
            for _ in range(5):
                warehouse.replace_runs(CAMPAIGN, records)

    in_threads(*(lambda mark=mark: write(mark) for mark in "abc"))
    with Warehouse(any_warehouse_url) as warehouse:
        marks = rows(warehouse, "SELECT left(run_id, 1), count(*) FROM load_runs GROUP BY 1")
        metrics = rows(warehouse, "SELECT left(run_id, 1) FROM run_metrics GROUP BY 1")
    assert [count for _, count in marks] == [200]
    assert metrics == [(mark,) for mark, _ in marks]


def test_a_message_is_delivered_to_each_channel_once(warehouse):
    assert not warehouse.was_delivered(CAMPAIGN, "slack", "digest-1")
    warehouse.record_delivery(CAMPAIGN, "slack", "digest-1")
    warehouse.record_delivery(CAMPAIGN, "slack", "digest-1")
    assert warehouse.was_delivered(CAMPAIGN, "slack", "digest-1")
    assert not warehouse.was_delivered(CAMPAIGN, "webhook", "digest-1")
    assert not warehouse.was_delivered(CAMPAIGN, "slack", "digest-2")
    assert not warehouse.was_delivered("another", "slack", "digest-1")
    assert rows(warehouse, "SELECT count(*) FROM deliveries") == [(1,)]


AN_EVENT = """
INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, details, due_on)
    VALUES ('e', 'a', 'f', 'nightly', '2026-11-01Z', 'opened', '{}', '{}')
"""


class TestAlerts:
    @pytest.mark.parametrize(
        "change", ["UPDATE alert_events SET reason = 'another'", "DELETE FROM alert_events"]
    )
    def test_keep_their_events_whoever_asks(self, warehouse, change):
        warehouse.run(lambda c: c.execute(AN_EVENT))
        with pytest.raises(WarehouseError, match="append-only"):
            warehouse.run(lambda c: c.execute(change))
        assert rows(warehouse, "SELECT event_id FROM alert_events") == [("e",)]


def test_a_verdict_says_when_it_was_made(warehouse):
    before = datetime.now(UTC)
    warehouse.replace_verdict(a_verdict())
    ((first,),) = rows(warehouse, "SELECT judged_at FROM campaigns")
    warehouse.replace_verdict(a_verdict())
    ((second,),) = rows(warehouse, "SELECT judged_at FROM campaigns")
    warehouse.replace_verdict(a_verdict(), judged_at=STARTED)
    ((told,),) = rows(warehouse, "SELECT judged_at FROM campaigns")
    assert before <= first < second
    assert told == STARTED


class TestHistory:
    @pytest.fixture
    def stored(self, warehouse: Warehouse) -> Warehouse:
        # Stored in another order than they ran in.
        for day in (3, 1, 2):
            campaign = f"nightly-{day}"
            started = STARTED + timedelta(days=day)
            warehouse.replace_runs(campaign, [a_record(campaign=campaign, started_at=started)])
            warehouse.replace_summaries(
                campaign,
                [
                    a_summary(campaign=campaign, metric=metric, combination=combination)
                    for metric in ("duration_s", "gc_time_pct")
                    for combination in (COMBINATION, "other")
                ],
            )
        warehouse.replace_verdict(a_verdict([a_cell(metric="duration_s")], campaign="nightly-3"))
        return warehouse

    def test_of_a_combination_goes_by_the_time_of_the_campaigns(self, stored):
        points = stored.combination_history(COMBINATION)
        assert [(p.campaign, p.metric) for p in points] == [
            (f"nightly-{day}", metric)
            for day in (1, 2, 3)
            for metric in ("duration_s", "gc_time_pct")
        ]
        assert {p.combination for p in points} == {COMBINATION}
        assert [p.verdict for p in points] == [None] * 4 + [str(a_cell().verdict), None]

    def test_can_be_of_some_metrics_and_the_latest_campaigns_only(self, stored):
        points = stored.combination_history(COMBINATION, metrics=["duration_s"], campaigns=2)
        assert [(p.campaign, p.metric) for p in points] == [
            ("nightly-2", "duration_s"),
            ("nightly-3", "duration_s"),
        ]

    def test_of_a_metric_has_every_combination(self, stored):
        points = stored.metric_history("gc_time_pct", campaigns=1)
        assert [(p.campaign, p.combination) for p in points] == [
            ("nightly-3", COMBINATION),
            ("nightly-3", "other"),
        ]

    def test_before_a_campaign_is_that_of_its_stage_alone(self, stored):
        for day in (1, 2, 3):
            cells = [a_cell(combination="other")]
            stored.replace_verdict(a_verdict(cells, campaign=f"nightly-{day}"))
        asked = {"campaign": "nightly-3", "before": STARTED + timedelta(days=3), "campaigns": 5}
        cells = [("other", "duration_s"), (COMBINATION, "nothing")]
        points = stored.run(lambda c: history.before_campaign(c, cells, stage="nightly", **asked))
        told = [(p.campaign, p.versions, p.verdict) for p in points]
        assert told == [(f"nightly-{day}", "3.5.0", "regressed") for day in (1, 2)]
        assert stored.run(lambda c: history.before_campaign(c, cells, stage="ci", **asked)) == []

    def test_of_what_was_never_run_is_empty(self, stored):
        assert stored.combination_history("nothing") == []


def plan(connection: psycopg.Connection, query: str, parameters: object) -> str:
    return "\n".join(row[0] for row in connection.execute("EXPLAIN " + query, parameters))


def test_the_queries_over_time_use_their_indexes(any_warehouse_url):
    with psycopg.connect(any_warehouse_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO campaigns (campaign, started_at) SELECT 'c' || i, "
            "timestamptz '2026-01-01Z' + i * interval '1 day' FROM generate_series(1, 300) i"
        )
        connection.execute(
            "INSERT INTO summaries"
            " (campaign, combination, metric, unit, n, n_missing, outlier_runs)"
            " SELECT 'c' || i, 'x' || j, 'm' || k, 's', 5, 0, '{}' FROM generate_series(1, 300) i,"
            " generate_series(1, 60) j, generate_series(1, 5) k"
        )
        connection.execute(
            "INSERT INTO verdicts (campaign, combination, metric, verdict, decided_by,"
            " change_unit, n_baseline, n_current, flags, explanation)"
            " SELECT campaign, combination, metric, CASE WHEN combination = 'x7' THEN 'regressed'"
            " ELSE 'unchanged' END, 'tost', 'relative', 5, 5, '{}', '{}' FROM summaries"
        )
        connection.execute(
            "INSERT INTO run_metrics SELECT 'c' || i, 'x' || j, 'r', 'duration_s', 3, 1.0, NULL "
            "FROM generate_series(1, 300) i, generate_series(1, 100) j"
        )
        connection.execute("ANALYZE")
        asked = {"combination": "x7", "metrics": ["m2"], "campaigns": 50}
        of_combination = plan(connection, history.OF_COMBINATION, asked)
        latest = {"metric": "m2", "campaigns": 20}
        of_metric = plan(connection, history.OF_METRIC, latest)
        recent = plan(connection, history.RECENT_CAMPAIGNS, {"limit": 20})
        of_campaign = plan(connection, "DELETE FROM run_metrics WHERE campaign = %s", ["c7"])
        panel = "SELECT started_at, value FROM run_metrics WHERE combination = %s AND metric = %s"
        over_time = plan(connection, panel, ["x7", "duration_s"])
        panel = "SELECT campaign, mean FROM summaries WHERE combination = %s AND metric = %s"
        means = plan(connection, panel, ["x7", "m2"])
        panel = "SELECT campaign, verdict FROM verdicts WHERE combination = %s AND metric = %s"
        verdicts = plan(connection, panel, ["x7", "m2"])
        panel = "SELECT combination, metric FROM verdicts WHERE campaign = %s AND verdict = %s"
        regressed = plan(connection, panel, ["c7", "regressed"])
    for table in ("summaries", "verdicts"):
        assert f"Seq Scan on {table}" not in of_combination
    assert "summaries_by_combination" in means
    assert "verdicts_by_combination" in verdicts
    assert "verdicts_by_verdict" in regressed
    assert "summaries_pkey" in of_metric
    assert "Seq Scan on summaries" not in of_metric
    assert "campaigns_by_time" in of_metric
    assert "campaigns_by_time" in recent
    assert "Sort" not in recent
    assert "run_metrics_undated_campaign_idx" in of_campaign
    assert "run_metrics_undated_combination_metric_started_at_idx" in over_time


ROWS_OF_0001 = """
INSERT INTO campaigns (campaign, runs, combinations, started_at, verdict)
    VALUES ('old', 3, 1, '2026-10-05Z', 'unchanged');
INSERT INTO load_runs VALUES ('old', 'cell', 'r', '2026-10-05Z', NULL, 0, '{}', '{}', '{}', '{}',
    '{}', '{}', 'incoming/old/cell/1.jsonl', 'etag', 1);
CREATE TABLE run_metrics_2026_10 PARTITION OF run_metrics
    FOR VALUES FROM ('2026-10-01Z') TO ('2026-11-01Z');
INSERT INTO run_metrics VALUES ('old', 'cell', 'r', 'duration_s', 3, 1.5, '2026-10-05Z');
INSERT INTO summaries (campaign, combination, metric, unit, n, n_missing, mean, outlier_runs)
    VALUES ('old', 'cell', 'duration_s', 's', 1, 0, 1.5, '{}');
INSERT INTO verdicts (campaign, combination, metric, verdict, decided_by, change_unit, n_baseline,
    n_current, flags, explanation)
    VALUES ('old', 'cell', 'duration_s', 'unchanged', 'tost', 'relative', 5, 1, '{}', '{}');
INSERT INTO deliveries (campaign, channel, digest) VALUES ('old', 'slack', 'digest');
"""


class TestSchema:
    def test_comes_from_nothing_and_a_repeat_changes_nothing(self, any_empty_database):
        schema.migrate(any_empty_database)
        schema.migrate(any_empty_database)
        with Warehouse(any_empty_database) as warehouse:
            warehouse.replace_runs(CAMPAIGN, [a_record()])

    @pytest.mark.parametrize("revision", ["0001", "0002"])
    def test_comes_from_an_older_revision_with_its_rows(self, any_empty_database, revision):
        schema.migrate(any_empty_database, revision=revision)
        with psycopg.connect(any_empty_database) as connection:
            connection.execute(ROWS_OF_0001)
        schema.migrate(any_empty_database)
        with Warehouse(any_empty_database, retry=PATIENT) as warehouse:
            (old,) = warehouse.recent_campaigns()
            assert (old.campaign, old.runs, old.verdict) == ("old", 3, "unchanged")
            assert rows(warehouse, "SELECT value FROM run_metrics_2026_10") == [(1.5,)]
            (point,) = warehouse.combination_history("cell")
            assert (point.mean, point.verdict) == (1.5, "unchanged")
            warehouse.replace_runs("old", [a_record(campaign="old")])
            warehouse.replace_summaries("new", [a_summary(campaign="new")])
            counts = "SELECT runs FROM campaigns ORDER BY campaign"
            assert rows(warehouse, counts) == [(None,), (1,)], "not known is not 0"

    def test_goes_back_to_the_first_revision_and_forward_again(self, empty_database):
        schema.migrate(empty_database)
        with psycopg.connect(empty_database) as connection:
            connection.execute("INSERT INTO campaigns (campaign) VALUES ('c')")
        self.go_back(empty_database, "0001")
        with psycopg.connect(empty_database) as connection:
            assert connection.execute("SELECT runs FROM campaigns").fetchone() == (0,)
        schema.migrate(empty_database)
        with Warehouse(empty_database) as warehouse:
            assert [c.campaign for c in warehouse.recent_campaigns()] == ["c"]

    def go_back(self, url: str, revision: str) -> None:
        """Do what an administrator does with Alembic itself."""
        configuration = alembic.config.Config()
        migrations = Path(schema.__file__).parent / "migrations"
        configuration.set_main_option("script_location", str(migrations))
        configuration.set_main_option("path_separator", "os")
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(url),
            poolclass=sqlalchemy.pool.NullPool,
        )
        with engine.begin() as connection:
            configuration.attributes["connection"] = connection
            alembic.command.downgrade(configuration, revision)

    def test_is_the_same_when_it_is_made_offline(self, any_empty_database, any_warehouse_url):
        with psycopg.connect(any_empty_database, autocommit=True) as connection:
            connection.execute(schema.offline_sql())
        with (
            psycopg.connect(any_empty_database) as offline,
            psycopg.connect(any_warehouse_url) as online,
        ):
            assert self.described(offline) == self.described(online)

    def test_of_an_older_database_is_the_same_when_it_is_made_offline(
        self, empty_database, any_warehouse_url
    ):
        schema.migrate(empty_database, revision="0002")
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(schema.offline_sql(start="0002"))
            assert schema.stored_revision(connection) == schema.HEAD
        schema.migrate(empty_database)
        with psycopg.connect(any_warehouse_url) as online:
            columns = {row[:3] for row in self.described(online)}
        with psycopg.connect(empty_database) as offline:
            assert {row[:3] for row in self.described(offline)} == columns

    def test_refuses_a_start_that_there_never_was(self):
        with pytest.raises(
            WarehouseSchemaError, match=r"no revision '7'; known: 0001, 0002, .* 0005, 0006"
        ):
            schema.offline_sql(start="7")

    def test_of_a_newer_version_is_left_alone_and_said(self, empty_database):
        schema.migrate(empty_database)
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute("UPDATE lm_schema_version SET version_num = '0009'")
        with pytest.raises(
            WarehouseSchemaError, match="use the version of lm-assets that migrated"
        ):
            schema.migrate(empty_database)

    @pytest.mark.parametrize(
        ("url", "error", "message"),
        [
            (
                "postgresql://lm:secret@127.0.0.1:1/x",
                WarehouseUnavailableError,
                "Postgres was not reached",
            ),
            ("secret", WarehouseSchemaError, "LM_POSTGRES_URL is no address of a database"),
        ],
        ids=["down", "no address"],
    )
    def test_says_in_words_why_it_cannot_be_made(self, url, error, message):
        with pytest.raises(error, match=message) as refusal:
            schema.migrate(url)
        assert "secret" not in str(refusal.value)

    def test_that_is_refused_says_by_what(self, empty_database):
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute("CREATE TABLE campaigns (x int)")
        with pytest.raises(
            WarehouseSchemaError, match=r"DuplicateTable: .*campaigns.* nothing was"
        ):
            schema.migrate(empty_database)

    def described(self, connection: psycopg.Connection) -> list[tuple[object, ...]]:
        return connection.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
            " col_description(c.oid, a.attnum), obj_description(c.oid),"
            " has_table_privilege('lm_reader', c.oid, 'SELECT')"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0"
            " AND c.relkind IN ('r', 'p', 'i') ORDER BY 1, 2"
        ).fetchall()

    def test_that_several_migrate_at_once_is_migrated_once(self, any_empty_database):
        in_threads(*[lambda: schema.migrate(any_empty_database)] * 4)
        with psycopg.connect(any_empty_database) as connection:
            assert schema.stored_revision(connection) == schema.HEAD

    @pytest.mark.parametrize(
        ("revision", "message"),
        [
            (None, "has no tables yet.*lm warehouse migrate"),
            ("0001", "is at revision 0001.*lm warehouse migrate"),
            ("9999", "is at revision 9999.*use the version of lm-assets"),
        ],
        ids=["empty", "older", "newer"],
    )
    def test_of_another_version_is_refused_with_what_to_do(self, empty_database, revision, message):
        if revision:
            schema.migrate(empty_database, revision="0001")
            with psycopg.connect(empty_database) as connection:
                connection.execute("UPDATE lm_schema_version SET version_num = %s", [revision])
        with (
            Warehouse(empty_database) as warehouse,
            pytest.raises(WarehouseSchemaError, match=message),
        ):
            warehouse.recent_campaigns()

    def test_explains_every_table(self, warehouse):
        warehouse.replace_runs(CAMPAIGN, [a_record()])
        unexplained = rows(
            warehouse,
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND obj_description(oid) IS NULL"
            " AND relname <> 'lm_schema_version'",
        )
        assert unexplained == []
        (said,) = rows(
            warehouse,
            f"SELECT obj_description('run_metrics_{STARTED:%Y_%m}'::regclass)",
        )
        assert said == (f"Rows of run_metrics of {STARTED:%Y-%m} (UTC).",)

    def test_explains_every_column(self, warehouse):
        silent = rows(
            warehouse,
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
            " AND c.relname <> 'lm_schema_version'"
            " AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1, 2",
        )
        assert silent == []

    def test_says_the_unit_of_every_figure_and_the_zone_of_every_time(self, warehouse):
        said = rows(
            warehouse,
            "SELECT format_type(a.atttypid, NULL), c.relname || '.' || a.attname,"
            " col_description(c.oid, a.attnum)"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
            " AND c.relname <> 'lm_schema_version'",
        )
        units = {
            "double precision": r"\bunit\b|change_unit|\bratio\b|0 to 1|in the unit",
            "timestamp with time zone": r"\bUTC\b",
            "integer": r"[Nn]umber of|from [01]|exit|0 is success",
        }
        assert {type_ for type_, _, _ in said} >= units.keys()
        silent = [
            column
            for type_, column, comment in said
            if type_ in units and not re.search(units[type_], comment, re.IGNORECASE)
        ]
        assert silent == []

    def test_lets_the_reader_read_and_nothing_else(self, warehouse):
        warehouse.replace_runs(CAMPAIGN, [a_record()])

        def as_reader(query: str) -> object:
            def unit(connection: psycopg.Connection) -> object:
                with connection.transaction():
                    connection.execute("SET LOCAL ROLE lm_reader")
                    return connection.execute(query).rowcount

            return warehouse.run(unit)

        for table in (*TABLES, "deliveries", "alerts", "alert_events"):
            assert as_reader(f"SELECT * FROM {table}") >= 0
        assert as_reader("SELECT * FROM run_metrics_2026_11") > 0
        for attack in (
            "DELETE FROM campaigns",
            "INSERT INTO combinations VALUES ('x', '{}')",
            "UPDATE summaries SET n = 0",
            "TRUNCATE load_runs",
            "CREATE TABLE mine (x int)",
        ):
            with pytest.raises(WarehouseError, match="InsufficientPrivilege"):
                as_reader(attack)


class TestOutage:
    def test_that_cuts_the_connection_is_not_noticed_by_the_caller(
        self, warehouse, any_warehouse_url
    ):
        warehouse.replace_runs(CAMPAIGN, [run_number(1)])
        with psycopg.connect(any_warehouse_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        warehouse.replace_runs(CAMPAIGN, [run_number(2)])
        assert rows(warehouse, "SELECT run_id FROM load_runs") == [("run-2",)]

    def test_that_lasts_is_a_clear_failure_without_the_password(self):
        url = "postgresql://lm:secret-word@127.0.0.1:1/nowhere"
        waits: list[float] = []
        retry = RetryPolicy(attempts=4, first_delay_s=0.1, longest_delay_s=0.3, sleep=waits.append)
        with (
            Warehouse(url, retry=retry) as warehouse,
            pytest.raises(WarehouseUnavailableError) as failure,
        ):
            warehouse.recent_campaigns()
        assert waits == pytest.approx([0.1, 0.2, 0.3])
        assert "LM_POSTGRES_URL" in str(failure.value)
        assert "4 attempts" in str(failure.value)
        assert "secret-word" not in str(failure.value)

    def test_is_not_what_a_wrong_password_is(self, engines):
        url = engines["LM_POSTGRES_URL"].replace("lm:", "lm:not-")
        with Warehouse(url, retry=PATIENT) as warehouse, pytest.raises(WarehouseError) as failure:
            warehouse.recent_campaigns()
        assert "LM_POSTGRES_URL" in str(failure.value)
        assert "not-" not in str(failure.value)


def test_without_an_address_it_says_which_variable_to_set():
    with pytest.raises(WarehouseError, match="LM_POSTGRES_URL is not set"):
        Warehouse.from_environment({})
