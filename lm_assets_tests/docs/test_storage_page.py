"""docs/storage.md names every prefix, table and command, with what the code does to them."""

import re

import pytest

from lm_assets.cli.main import lm
from lm_assets.gateways.bucket.retention import wanted_days
from lm_assets.gateways.warehouse.retention import AGGREGATED_TABLES, RAW_TABLES
from lm_assets.gateways.warehouse.schema import offline_sql
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.schedules import nightly_retention
from lm_assets_tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "storage.md").read_text(encoding="utf-8")
DAYS = {"30 days": 30, "1 year": 365, "for ever": None}
COMMANDS = sorted(set(re.findall(r"lm ((?:retention|warehouse) [a-z]+(?: --[a-z-]+)?)", PAGE)))


def kept(pattern: str) -> dict[str, int | None]:
    rows = re.findall(rf"^\| `({pattern})` \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE)
    return {name: DAYS[days] for name, days in rows}


def test_every_prefix_is_there_with_its_days():
    assert kept(r"[a-z-]+/(?:states/)?") == wanted_days(RetentionPolicy())


def test_every_table_is_there_with_its_days():
    policy = RetentionPolicy()
    tables = set(re.findall(r"CREATE TABLE (\w+) \(", offline_sql())) - {"lm_schema_version"}
    days = {
        **dict.fromkeys(tables),
        **dict.fromkeys(RAW_TABLES, policy.raw_days),
        **dict.fromkeys(AGGREGATED_TABLES, policy.aggregated_days),
    }
    assert kept(r"[a-z_]+") == days


def test_there_are_commands_to_check():
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_and_option_exists(line):
    group, name, *options = line.split()
    commands = lm.get_command(None, group).commands
    known = {o for p in commands[name].params for o in p.opts}
    assert set(options) <= known


def test_the_hour_of_the_night_is_right():
    assert nightly_retention.cron_schedule == "30 3 * * *"
    assert "night at 03:30 UTC" in PAGE
