"""A whole campaign through the real daemon: from ``_SUCCESS`` to all four reports, no collection.

1,280 combinations × 5 runs of result lines, with a baseline for every combination, land in a real
SeaweedFS; the daemon's sensor finds them and its run writes objects, rows and reports. What is
Dagster's part is the difference to the same calls without Dagster in this process, right after.

Run: python -m benchmarks campaign_daemon        (about 5 minutes)
     python -m benchmarks.campaign_daemon --combinations 320 640 1280
     (two sizes or more also give the exponent of growth)
"""

import argparse
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg

from benchmarks.simulated_campaign import PROJECT, SimulatedPlatform, land, simulated_platform
from lm_assets.alerts.observation import observe
from lm_assets.collect.collector import campaign_manifest, collect_campaign
from lm_assets.collect.coverage import tier_coverage
from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Manifest
from lm_assets.model.metric import Tier
from lm_assets.model.policy import TierCoverage
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.orchestration.assets.documents import LAYERS
from lm_assets.orchestration.instance import make_instance_tables, wait_for_campaign
from lm_assets.orchestration.report_material import decision_rule
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.summaries import summarise
from lm_assets.regression.versions.of_campaign import compare_campaign_versions
from lm_assets.reports.material import ReportMaterial, current_samples, missing_reasons
from lm_assets.triage.replay import apply_campaign

PATIENCE_S = 1_800.0
# Found by the sensor before the clock starts, so that the daemon is known to be up and idle.
WARM_UP_S = 12.0


class Steps:
    """Seconds of named steps, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the steps up to the verdict leave for the reports, and what they took."""

    steps: Steps
    settings: Configuration
    bucket: CampaignBucket
    records: list[RunRecord]
    summaries: list[MetricSummary]
    catalogue: BaselineCatalogue
    verdict: CampaignVerdict
    manifest: Manifest


def stored_and_judged(platform: SimulatedPlatform, environment: Mapping[str, str]) -> Judged:
    """Do the work of a campaign's run up to the stored verdict, by calling it."""
    steps, campaign = Steps(), platform.campaign
    settings = load_configuration(platform.config)
    bucket = CampaignBucket(S3ObjectStore.from_environment(environment))
    with Warehouse.from_environment(environment) as warehouse:
        with steps.step("raw_metrics"):
            collected = collect_campaign(
                campaign,
                bucket=bucket,
                matrix=settings.matrix,
                metrics=settings.metrics,
                now=datetime.now(UTC),
            )
            bucket.write_quarantine(campaign, collected.quarantined)
            bucket.write_records(campaign, collected.records)
            warehouse.replace_runs(campaign, collected.records)
        with steps.step("checks"):
            manifest, _ = campaign_manifest(bucket, campaign)
            policy = settings.regression.stages[manifest.stage]
            records = bucket.records(campaign)
            every_tier = [TierCoverage(tier=tier, allowed_missing_share=0.0) for tier in Tier]
            for rule in (policy.coverage, every_tier):
                tier_coverage(records, rule)
        with steps.step("statistical_summaries"):
            summaries = summarise(records, settings.metrics)
            bucket.write_summaries(campaign, summaries)
            warehouse.replace_summaries(campaign, summaries)
        with steps.step("regression_verdicts"):
            catalogue = read_catalogue(settings.baselines_path)
            verdict = judge_campaign(
                manifest,
                records,
                catalogue=catalogue,
                metrics=settings.metrics,
                policy=settings.regression,
            )
            bucket.write_verdict_rows(campaign, verdict_rows(verdict))
            warehouse.replace_verdict(verdict)
    return Judged(
        steps=steps,
        settings=settings,
        bucket=bucket,
        records=records,
        summaries=list(summaries),
        catalogue=catalogue,
        verdict=verdict,
        manifest=manifest,
    )


def without_dagster(platform: SimulatedPlatform, environment: Mapping[str, str]) -> Steps:
    """Do the whole work of a campaign's run by calling it."""
    judged = stored_and_judged(platform, environment)
    steps, settings, manifest = judged.steps, judged.settings, judged.manifest
    policy = settings.regression.stages[manifest.stage]
    with steps.step("alert_states"):
        at = datetime.now(UTC)
        seen = observe(judged.verdict, at=at, told=policy.alerts.verdicts)
        apply_campaign(judged.bucket.store, seen, policy=policy)
    with steps.step("version_comparison"):
        compare_campaign_versions(
            judged.records, matrix=settings.matrix, metrics=settings.metrics, policy=policy
        )
    material = ReportMaterial(
        manifest=manifest,
        verdict=judged.verdict,
        metrics=settings.metrics,
        rule=decision_rule(policy),
        summaries=judged.summaries,
        baseline=judged.catalogue,
        current_samples=current_samples(judged.records),
        dimensions={record.combination: record.dimensions for record in judged.records},
        missing=missing_reasons(judged.records),
        quarantined=judged.bucket.quarantine(platform.campaign),
    )
    for layer in LAYERS:
        with steps.step(layer.asset):
            content = layer.render(material)
            judged.bucket.write_report(
                platform.campaign, layer.file_name, content, layer.content_type
            )
    return steps


def through_the_daemon(
    folder: Path, platform: SimulatedPlatform, environment: Mapping[str, str]
) -> Steps:
    """Land the campaign before a running daemon; return the whole time and that of each step."""
    home = DagsterHome.prepare(folder / "state", project=PROJECT)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(PROJECT),
        "LM_CONFIG_DIR": str(platform.config),
        **environment,
    }
    os.environ.update(environment)
    make_instance_tables(home.directory)
    store = S3ObjectStore.from_environment(environment)
    steps = Steps()
    with DagsterServices(home, variables) as services:
        services.start_daemon()
        land(store, platform, end_mark=False)
        time.sleep(WARM_UP_S)
        landed_at = time.time()
        with steps.step("_SUCCESS to all reports"):
            store.write(object_keys.success_key(platform.campaign), b"")
            run = wait_for_campaign(
                platform.campaign,
                home=home.directory,
                timeout_s=PATIENCE_S,
                check_alive=services.check_alive,
            )
    present = {item.key for item in store.list(object_keys.reports_prefix(platform.campaign))}
    missing = {
        key
        for name in object_keys.REPORT_NAMES
        if (key := object_keys.report_key(platform.campaign, name)) not in present
    }
    if missing:
        raise SystemExit(f"reports are missing: {sorted(missing)}")
    with dg.DagsterInstance.from_config(str(home.directory)) as instance:
        spans = {
            step.step_key: (step.start_time, step.end_time)
            for step in instance.get_run_step_stats(run.run_id)
            if step.start_time is not None and step.end_time is not None
        }
        record = instance.get_run_record_by_id(run.run_id)
    steps.seconds |= {name: ended - began for name, (began, ended) in spans.items()}
    asked_at = record.create_timestamp.timestamp()
    steps.seconds["(the sensor's part)"] = asked_at - landed_at
    steps.seconds["(until its first step)"] = min(b for b, _ in spans.values()) - asked_at
    return steps


def measure(combinations: int) -> float:
    """Measure one size, print it, and return the seconds of the work without Dagster."""
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        platform = simulated_platform(folder, combinations=combinations)
        with EmbeddedEngines(folder / "engines", environment={}) as engines:
            environment = engines.start()
            with Warehouse.from_environment(environment) as warehouse:
                warehouse.migrate()
            daemon = through_the_daemon(folder, platform, environment)
            check(platform, environment)
            direct = without_dagster(platform, environment)
    whole = daemon.seconds.pop("_SUCCESS to all reports")
    work = sum(direct.seconds.values())
    print(f"{combinations} combinations × 5 runs")
    print(f"  {'':28}{'daemon':>10}{'without':>10}")
    for step, seconds in sorted(daemon.seconds.items(), key=lambda item: -item[1]):
        beside = f"{direct.seconds[step]:10.2f}" if step in direct.seconds else ""
        print(f"  {step:28}{seconds:10.2f}{beside}")
    print(f"  {'checks':28}{'':10}{direct.seconds['checks']:10.2f}")
    print(f"  {'all steps':28}{sum(daemon.seconds.values()):10.2f}{work:10.2f}")
    print(f"  _SUCCESS to all four reports: {whole:.1f} s (target 90 or less for 1,280)")
    print(f"  of it Dagster: {whole - work:.1f} s (target 10 or less)", flush=True)
    return work


def check(platform: SimulatedPlatform, environment: Mapping[str, str]) -> None:
    """End with a message unless every run is stored and every combination was judged."""
    expected = sum(
        content.count(b"\n") for key, content in platform.files.items() if "/results" in key
    )
    with psycopg.connect(environment["LM_POSTGRES_URL"]) as connection:
        runs = connection.execute("SELECT count(*) FROM load_runs").fetchone()
        unjudged = connection.execute(
            "SELECT count(*) FROM verdicts WHERE verdict = 'no_baseline'"
        ).fetchone()
    if runs != (expected,) or unjudged != (0,):
        raise SystemExit(f"{runs} of {expected} runs are stored, {unjudged} cells have no baseline")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--combinations", type=int, nargs="+", default=[1_280])
    options = parser.parse_args()
    seconds = {size: measure(size) for size in options.combinations}
    if len(seconds) > 1:
        fit = statistics.linear_regression(
            [math.log(size) for size in seconds], [math.log(s) for s in seconds.values()]
        )
        print(f"exponent over combinations: {fit.slope:.2f} (target 1.1 or less)")


if __name__ == "__main__":
    main()
