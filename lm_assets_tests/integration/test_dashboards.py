"""Every query of the dashboards on a real Postgres, as the reader, also with hostile words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from lm_assets.gateways.warehouse.schema import migrate
from lm_assets_tests.conftest import own_database
from lm_assets_tests.dashboards.boards import name_of, sql_queries
from lm_assets_tests.dashboards.grafana_macros import expanded, interpolated
from lm_assets_tests.integration.observed_history import (
    newest,
    recently,
    store_history,
    stored_combinations,
)

pytestmark = pytest.mark.integration

HOSTILE = ["o'brien", "%", "'; DROP TABLE campaigns; --", "x" * 2000, "\\", "${stage}"]
NAMES = ("stage", "campaign", "combination", "metric", "dimension")


@pytest.fixture(scope="module", params=["postgres_15", "postgres_18"])
def reader(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A connection as Grafana's: of the reader, to a warehouse with a history."""
    if request.param == "postgres_15":
        server = request.getfixturevalue("debian_postgres_url")
    else:
        server = request.getfixturevalue("engines")["LM_POSTGRES_URL"]
    with own_database(server) as url:
        migrate(url)
        assert urlsplit(url).path
        store_history(url, now=recently())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET ROLE lm_reader")
            yield connection


def answer(connection: psycopg.Connection, sql: str, values: dict[str, str]) -> list[tuple]:
    now = datetime.now(UTC)
    text = interpolated(sql, values)
    return connection.execute(
        expanded(text, since=now - timedelta(days=90), until=now + timedelta(minutes=1))
    ).fetchall()


CHOSEN = {
    "stage": "nightly",
    "campaign": newest("nightly"),
    "combination": stored_combinations()[1],
    "metric": "duration_s",
    "dimension": "extension",
}


@pytest.mark.parametrize("asked", sql_queries(), ids=name_of)
def test_every_query_has_an_answer(reader, asked):
    rows = answer(reader, asked.text, CHOSEN)
    assert rows
    assert any(value is not None for row in rows for value in row)


@pytest.mark.parametrize("asked", sql_queries(), ids=name_of)
def test_a_hostile_choice_is_only_a_word(reader, asked):
    for word in HOSTILE:
        values = dict.fromkeys(NAMES, word)
        rows = answer(reader, asked.text, values)
        assert len(rows) <= 500


def test_the_reader_sees_the_views_and_can_change_nothing(reader):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("DELETE FROM campaigns")


def test_counts_and_sums_are_those_of_the_cells(reader):
    (regressed,) = reader.execute(
        "SELECT count(*) FROM verdicts WHERE campaign = 'nightly-00' AND verdict = 'regressed'"
    ).fetchone()
    (shown,) = reader.execute(
        "SELECT regressed FROM dashboard_campaigns WHERE campaign = 'nightly-00'"
    ).fetchone()
    assert shown == regressed
    (total,) = reader.execute(
        "SELECT sum(mean * n) FROM summaries WHERE campaign = 'nightly-00' "
        "AND metric = 'cpu_core_seconds'"
    ).fetchone()
    (kept,) = reader.execute(
        "SELECT total FROM dashboard_totals WHERE campaign = 'nightly-00' "
        "AND metric = 'cpu_core_seconds'"
    ).fetchone()
    assert kept == pytest.approx(total)


def test_an_empty_warehouse_gives_empty_answers_and_no_error(warehouse_url):
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute("SET ROLE lm_reader")
        for asked in sql_queries():
            answer(connection, asked.text, CHOSEN)


OWN = """
INSERT INTO campaigns (campaign, stage, verdict, verdict_counts, started_at, judged_at) VALUES
  ('c7', 'nightly', 'unchanged', '{"unchanged": 1}', now() - interval '1 hour', now());
INSERT INTO combinations VALUES ('x3', '{"extension": "none"}');
INSERT INTO summaries (campaign, combination, metric, unit, n, n_missing, mean, outlier_runs)
  VALUES ('c7', 'x3', 'peak_rss_mb', 'MB', 5, 0, 812, '{}');
INSERT INTO campaign_totals VALUES ('c7', 'peak_rss_mb', 'MB', 1, 5, 4060, 812);
"""
OF_SPARK = ("cost", "How well", "went wrong", "seconds by", "dearest", "Latency")


def test_a_matrix_of_ones_own_has_no_row_without_a_value(warehouse_url):
    # A row of nothing but gaps is an empty picture, and hides what the panel says of empty.
    chosen = {"stage": "nightly", "campaign": "c7", "combination": "x3", "metric": "peak_rss_mb"}
    of_spark = [q for q in sql_queries() if any(words in q.by for words in OF_SPARK)]
    assert len(of_spark) == 8
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(OWN)
        connection.execute("SET ROLE lm_reader")
        answers = {
            name_of(asked): answer(connection, asked.text, {**chosen, "dimension": "extension"})
            for asked in sql_queries()
        }
    assert {name_of(asked): answers[name_of(asked)] for asked in of_spark} == {
        name_of(asked): [] for asked in of_spark
    }
    (measured,) = answers["lm-resource: What was measured in $campaign?"]
    assert measured[:3] == ("peak_rss_mb", "MB", 812)
    assert answers["lm-performance: How does $metric depend on $dimension?"] == [("none", 812)]


MUCH = """
INSERT INTO campaigns (campaign, stage, verdict, started_at, judged_at) SELECT 'c' || i, 'nightly',
  'unchanged', now() - i * interval '1 day', now() FROM generate_series(1, 300) i;
INSERT INTO summaries (campaign, combination, metric, unit, n, n_missing, mean, outlier_runs)
  SELECT 'c' || i, 'x' || j, 'm' || k, 's', 5, 0, 1, '{}' FROM generate_series(1, 300) i,
  generate_series(1, 60) j, generate_series(1, 5) k;
INSERT INTO verdicts (campaign, combination, metric, verdict, decided_by, change_unit, n_baseline,
  n_current, flags, explanation) SELECT 'c' || i, 'x' || j, 'm' || k, 'unchanged', 'w', 'relative',
  5, 5, '{}', '{}' FROM generate_series(1, 300) i, generate_series(1, 60) j,
  generate_series(1, 5) k;
INSERT INTO combinations SELECT 'x' || j, '{"extension": "none"}' FROM generate_series(1, 60) j;
ANALYZE;
"""
LARGE = {"stage": "nightly", "campaign": "c7", "combination": "x3", "metric": "m2"}


def test_no_query_reads_a_large_table_from_end_to_end(warehouse_url):
    # Summaries and verdicts of a year are millions; whoever reads all of them takes seconds.
    now = datetime.now(UTC)
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(MUCH)
        connection.execute("SET ROLE lm_reader")
        for asked in sql_queries():
            text = interpolated(asked.text, {**LARGE, "dimension": "extension"})
            sql = expanded(text, since=now - timedelta(days=365), until=now)
            steps = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql))
            for table in ("summaries", "verdicts", "run_metrics", "load_runs"):
                assert f"Seq Scan on {table} " not in steps, f"{name_of(asked)}\n{steps}"
