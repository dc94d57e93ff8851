"""The code location: every asset is reachable from it, and nothing is decided in it."""

import json

import dagster as dg
import pytest

from lm_assets.definitions import build_definitions
from lm_assets.gateways.configuration import load_configuration, read_yaml_as
from lm_assets.model.combination import Matrix
from lm_assets.orchestration.jobs import CAMPAIGN_ASSET_NAMES
from lm_assets_tests.conftest import PROJECT

ASSET_KEYS = [
    "alert_states",
    "baseline_catalogue",
    "baseline_proposal",
    "baselines",
    "campaign_index",
    "combination_history",
    "confirmation_request",
    "confirmation_runs",
    "detailed_report",
    "event_log_readings",
    "executive_summary",
    "incoming_confirmations",
    "incoming_results",
    "raw_data_export",
    "raw_metrics",
    "regression_alerts",
    "regression_causes",
    "regression_verdicts",
    "statistical_summaries",
    "technical_report",
    "version_comparison",
]


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(load_configuration(PROJECT / "config").matrix)


def test_every_asset_is_reachable_and_no_other(definitions):
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    assert sorted(key.to_user_string() for key in keys) == ASSET_KEYS


def test_the_definitions_can_be_loaded(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_every_asset_has_a_text_and_a_group(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name != "default", key


def test_a_campaign_run_makes_every_asset_of_a_campaign(definitions):
    job = definitions.resolve_job_def("campaign_job")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert selected == set(CAMPAIGN_ASSET_NAMES)


def test_the_sharded_run_makes_the_same_after_it_has_read_the_event_logs(definitions):
    job = definitions.resolve_job_def("sharded_campaign_job")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert selected == {*CAMPAIGN_ASSET_NAMES, "event_log_readings"}
    pod = json.loads(job.tags["dagster-k8s/config"])["pod_spec_config"]
    assert pod == {"automount_service_account_token": True}


def test_judging_anew_does_not_collect_anew(definitions):
    job = definitions.resolve_job_def("judgement_job")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert "regression_verdicts" in selected
    assert "technical_report" in selected
    assert "baseline_proposal" in selected
    assert "raw_metrics" not in selected


def test_fresh_runs_are_judged_without_collecting_the_campaign_anew(definitions):
    job = definitions.resolve_job_def("confirmation_job")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert selected == set(CAMPAIGN_ASSET_NAMES) - {
        "raw_metrics",
        "statistical_summaries",
        "version_comparison",
    }


def test_verdicts_descend_from_fresh_runs_and_requests_from_verdicts(definitions):
    graph = definitions.resolve_asset_graph()

    def parents(name):
        return {key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys}

    assert parents("confirmation_runs") == {"incoming_confirmations"}
    assert "confirmation_runs" in parents("regression_verdicts")
    assert parents("confirmation_request") == {"regression_verdicts", "baseline_catalogue"}
    assert "incoming_confirmations" not in parents("raw_metrics")


def test_judging_anew_tells_nobody_of_old_campaigns(definitions):
    job = definitions.resolve_job_def("judgement_job")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert "regression_alerts" not in selected


def test_sensors_and_schedules_are_on_without_a_click(definitions):
    sensors = {s.name: s.default_status for s in definitions.sensors}
    assert set(sensors) == {
        "new_results",
        "baseline_changes",
        "overdue_campaigns",
        "run_failures",
        "unwatched_runs",
        "alert_clock",
    }
    assert set(sensors.values()) == {dg.DefaultSensorStatus.RUNNING}
    schedules = {s.name: s.default_status for s in definitions.schedules}
    assert set(schedules) == {"weekly_backfill", "weekly_histories", "nightly_retention"}
    assert set(schedules.values()) == {dg.DefaultScheduleStatus.RUNNING}


def test_the_demo_matrix_makes_the_same_platform():
    matrix = read_yaml_as(PROJECT / "demo" / "config" / "matrix.yaml", Matrix)
    keys = build_definitions(matrix).resolve_asset_graph().get_all_asset_keys()
    assert sorted(key.to_user_string() for key in keys) == ASSET_KEYS
