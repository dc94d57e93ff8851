"""The checks that make a regressed campaign and a waiting alert red where people look."""

from types import SimpleNamespace

import dagster as dg
import pytest

from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.model.alert import AlertState
from lm_assets.model.verdict import Verdict
from lm_assets.orchestration import metadata, verdict_checks
from lm_assets.orchestration.tables_of_campaigns import VERDICTS
from lm_assets.regression.verdict.own_baseline import mark_own_baselines
from lm_assets_tests.alerts.lives import night
from lm_assets_tests.builders import (
    CAMPAIGN,
    COMBINATION,
    a_baseline,
    a_cell,
    a_metric_catalogue,
    a_verdict,
)
from lm_assets_tests.fakes.notifier import RecordingNotifier
from lm_assets_tests.reports.gate.materials import an_alert, unchanged

SETTINGS = SimpleNamespace(metrics=a_metric_catalogue())


def checked(verdict) -> dg.AssetCheckResult:
    frame = VERDICTS.frame(verdict_rows(verdict))
    return verdict_checks.campaign_not_regressed.node_def.compute_fn.decorated_fn(
        None, frame, SETTINGS
    )


@pytest.mark.parametrize(
    ("verdict", "passed", "severity"),
    [
        (Verdict.UNCHANGED, True, "WARN"),
        (Verdict.IMPROVED, True, "WARN"),
        (Verdict.REGRESSED, False, "ERROR"),
        (Verdict.DATA_FAULT, False, "ERROR"),
        (Verdict.SUSPECTED, False, "WARN"),
        (Verdict.INCONCLUSIVE, False, "WARN"),
    ],
)
def test_a_campaign_that_does_not_pass_is_red_or_a_warning(verdict, passed, severity):
    result = checked(a_verdict([a_cell(verdict=verdict)]))
    assert result.passed is passed
    assert passed or result.severity is dg.AssetCheckSeverity[severity]
    assert verdict.value.replace("_", " ") in result.description or passed


def test_a_campaign_compared_with_itself_is_a_warning_and_never_unchanged():
    own = {COMBINATION: a_baseline(source_campaigns=(CAMPAIGN,))}
    result = checked(mark_own_baselines(a_verdict([unchanged()]), own))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description.startswith("compared with itself")


@pytest.mark.parametrize(
    ("alerts", "passed", "in_hand"),
    [
        ([], True, 0),
        ([an_alert()], True, 1),
        ([an_alert(state=AlertState.OPEN), an_alert()], False, 1),
    ],
)
def test_an_open_alert_of_the_stage_is_told_of(monkeypatch, alerts, passed, in_hand):
    manifest = SimpleNamespace(stage=SimpleNamespace(value="nightly"))
    monkeypatch.setattr(verdict_checks, "campaign_manifest", lambda *_: (manifest, ()))
    monkeypatch.setattr(verdict_checks, "known_alerts", lambda _warehouse, stage: alerts)
    check = verdict_checks.no_open_alerts.node_def.compute_fn.decorated_fn
    result = check(SimpleNamespace(partition_key=CAMPAIGN), None, None)
    assert result.passed is passed
    assert passed or result.severity is dg.AssetCheckSeverity.ERROR
    assert result.metadata["in_hand"].value == in_hand


def test_a_message_that_a_channel_has_not_taken_is_told_of(monkeypatch):
    event = SimpleNamespace(event="opened", alert_id="a", campaign=CAMPAIGN, recorded_at=night(0))
    waiting = {"slack": [event, event], "webhook": []}
    monkeypatch.setattr(verdict_checks, "pending", lambda _warehouse, channel: waiting[channel])
    check = verdict_checks.every_message_told.node_def.compute_fn.decorated_fn
    notifiers = tuple(RecordingNotifier(channel) for channel in waiting)
    result = check(None, None, notifiers)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description == "2 pending for slack"
    assert [row.data["event"] for row in result.metadata["pending"].records] == ["opened"] * 2
    waiting["slack"] = []
    assert check(None, None, notifiers).passed


def test_no_check_of_a_verdict_blocks_the_reports_of_it():
    specs = [spec for check in verdict_checks.ALL for spec in check.check_specs]
    assert {spec.name for spec in specs} == {
        "campaign_not_regressed",
        "no_open_alerts",
        "every_message_told",
    }
    assert not any(spec.blocking for spec in specs)


def test_a_report_is_a_link_where_its_address_is_known_and_a_path_otherwise():
    linked = metadata.of_report("reports/c/x.html", b"", "text/html", address="https://r/c/x.html")
    assert linked["report"] == dg.MetadataValue.url("https://r/c/x.html")
    plain = metadata.of_report("reports/c/x.html", b"", "text/html")
    assert plain["report"] == dg.MetadataValue.path("reports/c/x.html")


def test_tables_have_four_significant_digits_and_counts_stay_whole():
    (record,) = metadata.table([{"mean": 12.345678, "p": 1.23456e-9, "runs": 123456}]).records
    assert record.data == {"mean": 12.35, "p": 1.235e-9, "runs": 123456}
