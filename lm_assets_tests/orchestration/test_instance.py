"""Waiting for a campaign: for its success, its retries, or the word that there will be none."""

import sqlite3
from contextlib import closing

import dagster as dg
import pytest

from lm_assets.orchestration.instance import (
    CampaignRunError,
    make_instance_tables,
    wait_for_campaign,
)

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
FAILURE = dg.DagsterRunStatus.FAILURE
SUCCESS = dg.DagsterRunStatus.SUCCESS


@pytest.fixture
def home(tmp_path):
    return home_with_retries(tmp_path, enabled="true")


def home_with_retries(folder, *, enabled):
    (folder / "dagster.yaml").write_text(
        f"telemetry: {{enabled: false}}\nrun_retries: {{enabled: {enabled}, max_retries: 2}}\n"
    )
    return folder


def add_run(home, status, **tags):
    tags = {"dagster/partition": CAMPAIGN, **{f"dagster/{k}": v for k, v in tags.items()}}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_run(dg.DagsterRun(job_name="campaign_job", status=status, tags=tags))


def wait(home, timeout_s=5.0, check_alive=lambda: None):
    return wait_for_campaign(CAMPAIGN, home=home, timeout_s=timeout_s, check_alive=check_alive)


def test_a_run_that_succeeded_is_returned(home):
    add_run(home, SUCCESS)
    assert wait(home).status == "SUCCESS"


def test_a_failed_run_that_is_to_be_retried_is_waited_for(home):
    add_run(home, FAILURE, will_retry="true")
    assert wait(home, check_alive=lambda: add_run(home, SUCCESS)).status == "SUCCESS"


def test_a_failed_run_of_which_it_is_not_known_yet_is_waited_for(home):
    add_run(home, FAILURE)
    with pytest.raises(CampaignRunError, match=r"no run of campaign .* within 1 s"):
        wait(home, timeout_s=0.9)


@pytest.mark.parametrize("status", [FAILURE, dg.DagsterRunStatus.CANCELED], ids=str)
def test_a_run_that_is_not_started_again_is_told_at_once(home, status):
    add_run(home, status, will_retry="false")
    with pytest.raises(CampaignRunError, match=f"ended as {status.value}"):
        wait(home)


def test_where_nothing_is_retried_a_failure_is_the_end(tmp_path):
    add_run(home_with_retries(tmp_path, enabled="false"), FAILURE)
    with pytest.raises(CampaignRunError, match="ended as FAILURE"):
        wait(tmp_path)


def test_tables_of_an_older_dagster_are_brought_to_this_one_s(home):
    make_instance_tables(home)
    with closing(sqlite3.connect(home / "history" / "runs.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'f495c27d5019'")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        found, newest = instance.run_storage.alembic_version()
        assert found != newest
    make_instance_tables(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_storage.alembic_version() == (newest, newest)
