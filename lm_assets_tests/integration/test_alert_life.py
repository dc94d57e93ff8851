"""An alert's whole life: campaigns through their own jobs on real servers, people through `lm`."""

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import dagster as dg
import pytest
from click.testing import CliRunner

from lm_assets.cli.main import lm
from lm_assets.cli.platform.alerts import alerts as alerts_command
from lm_assets.cli.platform.warehouse import warehouse as warehouse_command
from lm_assets.definitions import build_definitions
from lm_assets.gateways.baseline_file.file import content_digest, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import result_key
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.http.notifier import HttpNotifier
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.addresses import Addresses
from lm_assets.model.baseline import BaselineCatalogue, MetricBaseline
from lm_assets.orchestration.alert_clock import alert_clock
from lm_assets_tests.builders import a_baseline
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.slack import SlackServer
from lm_assets_tests.fakes.webhook import Answer, WebhookServer
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

HIT = "3.5.0_connect_kubernetes_none_read_1gb"
OTHER = "4.0.0_connect_kubernetes_none_join_1gb"
STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)
SLOW = (150.0, 151.0, 149.0, 150.5, 149.5)
SLOWER = (200.0, 202.0, 198.0, 201.0, 199.0)
ALERTED = ("raw_metrics", "statistical_summaries", "confirmation_runs", "regression_verdicts")
TOLD = ("alert_states", "regression_alerts")


def land_now(
    bucket: CampaignBucket, campaign: str, durations_s: Mapping[str, Sequence[float]]
) -> None:
    """Land a campaign whose runs have all ended right now: after what was said before."""
    land(bucket.store, campaign, durations_s)
    now = datetime.now(UTC)
    for combination, durations in durations_s.items():
        lines = [
            result_line(
                combination,
                run,
                seconds,
                start_time=(now - timedelta(seconds=seconds)).isoformat(),
                end_time=now.isoformat(),
            )
            for run, seconds in enumerate(durations, start=1)
        ]
        key = result_key(campaign, combination)
        bucket.store.write(key, ("\n".join(lines) + "\n").encode())


@dataclass
class Desk:
    """One stage, night after night: lands, runs, tells, and hears what people say."""

    environment: Mapping[str, str]
    slack: SlackServer
    webhook: WebhookServer
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime.now(UTC)))
    nights: int = 0

    def night(self, durations: Sequence[float]) -> dict[str, object]:
        """Land a campaign, run it, and return what `alert_states` shows of it."""
        campaign = f"nightly-{self.nights}"
        self.nights += 1
        settings = load_configuration(Path(os.environ["LM_CONFIG_DIR"]))
        bucket = CampaignBucket(S3ObjectStore.from_environment(self.environment))
        land_now(bucket, campaign, {HIT: durations, OTHER: STEADY})
        job = build_definitions(settings.matrix).resolve_job_def("campaign_job")
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("campaign", [campaign])
            result = job.execute_in_process(
                instance=instance,
                partition_key=campaign,
                asset_selection=[dg.AssetKey(name) for name in (*ALERTED, *TOLD)],
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        assert result.success
        (shown,) = result.asset_materializations_for_node("alert_states")
        return {name: value.value for name, value in shown.metadata.items()}

    def lm(self, *arguments: str) -> dict[str, object]:
        """Say something as a person does, and return the alert as it then is."""
        result = CliRunner().invoke(
            alerts_command, [*arguments, "--json"], standalone_mode=False, catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def look_at_the_clock(self, clock: Clock) -> str:
        """Evaluate the sensor as the daemon does."""
        settings = load_configuration(Path(os.environ["LM_CONFIG_DIR"]))
        retry = RetryPolicy(attempts=1)
        notifiers = tuple(
            HttpNotifier(
                channel=name,
                url=server.address,
                variable=name,
                retry=retry,
                is_plain_http_allowed=True,
            )
            for name, server in (("slack", self.slack), ("webhook", self.webhook))
        )
        with Warehouse.from_environment(self.environment) as warehouse:
            said = alert_clock(
                dg.build_sensor_context(
                    resources={
                        "bucket": CampaignBucket(S3ObjectStore.from_environment(self.environment)),
                        "settings": settings,
                        "clock": clock,
                        "notifiers": notifiers,
                        "warehouse": warehouse,
                        "addresses": Addresses(),
                    }
                )
            )
        return str(said.skip_message)

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(received.body) for received in self.webhook.received]

    def told(self) -> list[str]:
        return [str(body["type"]).removeprefix("alert.") for body in self.bodies()]


@pytest.fixture
def desk(s3_environment, warehouse_url, tmp_path, monkeypatch) -> Iterator[Desk]:
    configuration = shutil.copytree(PROJECT / "config", tmp_path / "config")
    with SlackServer() as slack, WebhookServer() as webhook:
        environment = {
            **s3_environment,
            "LM_POSTGRES_URL": warehouse_url,
            "LM_CONFIG_DIR": str(configuration),
            "LM_SLACK_WEBHOOK_URL": slack.address,
            "LM_WEBHOOK_URL": webhook.address,
            "LM_REPORTS_URL": "https://reports.invalid",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        entries = {
            name: a_baseline(
                combination=name,
                metrics={"duration_s": MetricBaseline.of_samples(STEADY)},
                # As the campaigns have it: of another, nothing would be comparable.
                environment={"cpu_model": "test"},
            )
            for name in (HIT, OTHER)
        }
        path = load_configuration(configuration).baselines_path
        path.unlink(missing_ok=True)
        write_catalogue(path, BaselineCatalogue(entries=entries), content_digest(path))
        yield Desk(environment=environment, slack=slack, webhook=webhook)


def test_from_the_first_night_to_its_end_and_back(desk):
    assert desk.night(SLOW)["opened"] == 1
    assert desk.told() == ["opened"]
    (body,) = desk.bodies()
    assert (body["event"], body["verdict"], body["exit_code"]) == (
        "campaign_judged",
        "regressed",
        2,
    )
    assert [cell["combination"] for cell in body["worst_cells"]] == [HIT]
    (message,) = desk.slack.shown
    assert "lm alerts ack" in str(message)
    (alert,) = desk.lm("list")["alerts"]
    assert (alert["state"], alert["combinations"]) == ("open", [HIT])

    said = ("--by", "ada@example.org", "--reason", "bisecting")
    taken = desk.lm("ack", alert["alert_id"][:6], *said, "--owner", "team-io")["alert"]
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "ada@example.org")
    shown = desk.night(SLOWER)
    assert (shown["acknowledged"], shown["worsened"]) == (1, 1)
    assert desk.told() == ["opened"], "nothing is told of what somebody has"

    later = FixedClock(datetime.now(UTC) + timedelta(days=8))
    assert "webhook: 1 told" in desk.look_at_the_clock(later)
    assert "0 told" in desk.look_at_the_clock(later)
    assert desk.told() == ["opened", "expired"]
    assert desk.bodies()[-1]["data"]["event"]["worsened_at"], "nor is it lost that it got worse"
    assert desk.bodies()[-1]["data"]["alert"]["change"] > 0.9

    accepted = desk.lm("accept", alert["alert_id"], *said, "--reference", "OPS-7")
    assert accepted["alert"]["state"] == "accepted"
    command = accepted["baseline_command"]
    assert f"--combination {HIT}" in command
    assert "--acknowledge duration_s=OPS-7" in command
    advised = CliRunner().invoke(lm, [*shlex.split(command)[1:], "--dry-run", "--json"])
    assert advised.exit_code in (0, 4), advised.output  # 4: one campaign of too few runs
    assert "refusals" in json.loads(advised.stdout)
    desk.night(SLOW)
    assert desk.told() == ["opened", "expired"], "what was accepted is not told"

    desk.lm("reopen", alert["alert_id"], *said)
    desk.night(STEADY)
    assert desk.night(STEADY)["recovered"] == 1
    assert desk.night(SLOW)["reopened"] == 1
    assert desk.told() == ["opened", "expired", "recovered", "reopened"]
    assert desk.slack.refused == []

    events = desk.lm("show", alert["alert_id"])["events"]
    words = [event["event"] for event in events if event["by"]]
    assert words == ["acknowledged", "accepted", "reopened"]

    with Warehouse.from_environment(os.environ) as warehouse:
        warehouse.run(lambda c: c.execute("TRUNCATE alerts, alert_events, deliveries"))
    rebuilt = CliRunner().invoke(warehouse_command, ["rebuild"], standalone_mode=False)
    assert rebuilt.return_value == 0, rebuilt.output
    again = desk.lm("show", alert["alert_id"])
    # The clock that ran eight days ahead was this test's: in the bucket's time nothing has expired.
    kept = [event["event"] for event in events if event["event"] != "expired"]
    assert [event["event"] for event in again["events"]] == kept
    assert again["alert"]["state"] == "open"


def test_what_people_resolve_comes_back_and_what_they_dismiss_rests(desk):
    desk.night(SLOW)
    (alert,) = desk.lm("list")["alerts"]
    said = ("--by", "ada@example.org", "--reason", "reverted in 1a2b3c4")
    resolved = desk.lm("resolve", alert["alert_id"], *said)["alert"]
    assert (resolved["state"], resolved["resolution"]) == ("resolved", "resolved")
    assert resolved["resolved_by"] == "ada@example.org"
    assert desk.night(SLOW)["reopened"] == 1
    assert desk.told() == ["opened", "reopened"]
    with pytest.raises(click.UsageError, match="--duplicate-of goes with --as duplicate"):
        desk.lm("dismiss", alert["alert_id"], "--as", "duplicate", *said)
    dismissed = desk.lm("dismiss", alert["alert_id"], "--as", "environment", *said)["alert"]
    assert (dismissed["state"], dismissed["resolution"]) == ("dismissed", "environment")
    assert desk.night(SLOW)["open"] == 0
    assert desk.told() == ["opened", "reopened"]


def test_a_dead_channel_holds_no_campaign_and_is_told_later(desk):
    desk.webhook._answers[:] = [Answer(status=None), Answer(status=503)]
    assert desk.night(SLOW)["opened"] == 1
    assert len(desk.slack.shown) == 1
    assert "1 pending, told later" in desk.look_at_the_clock(desk.clock)
    assert "webhook: 1 told" in desk.look_at_the_clock(desk.clock)
    ids = {received.headers["webhook-id"] for received in desk.webhook.received}
    assert len(ids) == 1, "the same event has the same id each time"
