"""``lm mcp`` asked by the SDK's own client: every tool, bounded, and nothing is written."""

import asyncio
import json
import sys
from datetime import UTC, datetime

import psycopg
import pytest
from mcp import Client, StdioServerParameters

from lm_assets.cli.questions.answers import MOST_ITEMS
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import write_causes
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.verdict import Verdict
from lm_assets_tests.builders import (
    CAMPAIGN,
    COMBINATION,
    a_cell,
    a_record,
    a_summary,
    a_verdict,
    causes_of,
)
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.reports.gate.materials import HOSTILE, of_cell

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

# Postgres has no place for NUL.
HOSTILE_TEXT = HOSTILE.replace("\x00", "")
TOOLS = {
    "list_campaigns",
    "campaign_verdict",
    "explain_cell",
    "combination_history",
    "open_alerts",
}
LARGEST_ANSWER = 200_000


@pytest.fixture
def environment(service_environment):
    """A bucket and a warehouse with one judged campaign of many cells, and an open alert."""
    cells = [a_cell(explanation={"note": HOSTILE_TEXT * 20})]
    cells += [a_cell(combination=f"c{n}", verdict=Verdict.SUSPECTED) for n in range(300)]
    verdict = a_verdict(cells, findings=(of_cell(cells[0]),), notes=(HOSTILE_TEXT,) * 100)
    store = S3ObjectStore.from_environment(service_environment)
    CampaignBucket(store).write_verdict_rows(CAMPAIGN, verdict_rows(verdict))
    write_causes(
        store,
        CAMPAIGN,
        [
            causes_of(COMBINATION, "less CPU time", metrics=("cpu_core_seconds",)),
            causes_of(COMBINATION, f"spills to disk {HOSTILE_TEXT}"),
        ],
    )
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
        warehouse.replace_runs(CAMPAIGN, [a_record(started_at=datetime.now(UTC))])
        warehouse.replace_summaries(CAMPAIGN, [a_summary()])
        warehouse.replace_verdict(verdict)
    with psycopg.connect(service_environment["LM_POSTGRES_URL"]) as connection:
        connection.execute(
            """INSERT INTO alerts (alert_id, fingerprint, stage, kind, metric, metrics, located_in,
            combinations, verdict, state, change_unit, cells, message, first_campaign,
            last_campaign, opened_at, last_seen_at, clean_campaigns, reopened_count)
            VALUES ('a1', '0123456789abcdef', 'nightly', 'cell', 'duration_s', '{duration_s}',
            '{}', '{x}', 'regressed', 'open', 'relative', 1, 'x', 'c', 'c', now(), now(), 0, 0)"""
        )
    return {
        **service_environment,
        "PYTHONPATH": str(PROJECT),
        "LM_CONFIG_DIR": str(PROJECT / "config"),
    }


def asked(environment, *questions):
    """Start ``lm mcp`` as a client does, ask, and return the tools and the answers."""

    async def ask():
        program = StdioServerParameters(
            command=sys.executable,
            args=["-c", "from lm_assets.cli.main import main; main(['mcp'])"],
            env=dict(environment),
        )
        async with Client(program) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, given) for name, given in questions]

    return asyncio.run(ask())


def counts(environment):
    tables = (
        "campaigns",
        "load_runs",
        "summaries",
        "verdicts",
        "findings",
        "alerts",
        "alert_events",
    )
    with psycopg.connect(environment["LM_POSTGRES_URL"]) as connection:
        return [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables]


def objects(environment):
    store = S3ObjectStore.from_environment(environment)
    return [(item.key, item.etag) for item in store.list("")]


def test_every_tool_answers_in_bounds_and_nothing_is_written(environment):
    before = counts(environment), objects(environment)
    tools, answers = asked(
        environment,
        ("list_campaigns", {}),
        ("campaign_verdict", {"campaign": CAMPAIGN, "limit": 50}),
        (
            "explain_cell",
            {"campaign": CAMPAIGN, "combination": COMBINATION, "metric": "duration_s"},
        ),
        ("combination_history", {"combination": COMBINATION, "metric": "duration_s"}),
        ("open_alerts", {"stage": "nightly"}),
    )
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.description for tool in tools)
    assert [answer.is_error for answer in answers] == [False] * 5
    campaigns, verdict, cell, history, alerts = (a.structured_content for a in answers)
    assert campaigns["campaigns"][0]["campaign"] == CAMPAIGN
    assert (verdict["state"], verdict["verdict"], verdict["exit_code"]) == (
        "judged",
        "regressed",
        2,
    )
    assert verdict["left_out"] == {"findings": 0, "cells": 301 - MOST_ITEMS}
    assert cell["cell"]["change_ci95"] == [0.71, 0.9]
    (cause,) = cell["causes"]["causes"]
    assert cause["statement"].startswith("spills to disk")
    assert (cause["evidence"], cell["causes"]["change"]["change_s"]) == ("exact", 1.0)
    assert [point["campaign"] for point in history["history"]] == [CAMPAIGN]
    assert [alert["alert_id"] for alert in alerts["alerts"]] == ["a1"]
    for answer in answers:
        assert len(json.dumps(answer.structured_content)) < LARGEST_ANSWER
    assert (counts(environment), objects(environment)) == before


def test_what_is_wrong_is_told_and_the_server_goes_on(environment):
    _, answers = asked(
        environment,
        ("campaign_verdict", {"campaign": "none-of-it"}),
        ("explain_cell", {"campaign": CAMPAIGN, "combination": COMBINATION, "metric": "nothing"}),
        ("open_alerts", {"stage": "hourly"}),
        ("list_campaigns", {"limit": 10_000}),
        ("list_campaigns", {"limit": 1}),
    )
    absent, no_cell, no_stage, too_many, right = answers
    assert absent.structured_content["state"] == "absent"
    assert "metrics judged there: duration_s" in no_cell.content[0].text
    assert [a.is_error for a in (no_cell, no_stage, too_many)] == [True] * 3
    assert len(right.structured_content["campaigns"]) == 1
