"""What ``lm demo`` does: recorded campaigns through the platform, as production would run them."""

import os
import shutil
import time
from collections.abc import Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from lm_assets.cli.combination_lines import print_causes
from lm_assets.cli.platform.demo_state import make_anew, write_down
from lm_assets.cli.platform.local_platform import start_engines
from lm_assets.cli.platform.observing import alerts_once
from lm_assets.cli.platform.report import fetch_reports
from lm_assets.cli.progress import Steps
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import read_causes
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import LmError
from lm_assets.model.record import RunRecord
from lm_assets.orchestration.instance import make_instance_tables, wait_for_campaign
from lm_assets.regression.baselines import ChangePlan, ChangeRequest, plan_change

BASELINE = "nightly-2026-11-23-baseline"
JUDGED = ("nightly-2026-11-23-same", "nightly-2026-11-23-changed")
REASON = "first baseline: five interleaved runs of each combination, recorded for the demo"
RUN_TIMEOUT_SECONDS = 240
_PLATFORM_PREFIXES = ("LM_", "AWS_", "DAGSTER_")
_UPLOADS_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class DemoPlaces:
    """Where the demo reads and writes. Everything it makes is under ``state``."""

    project: Path
    state: Path

    @property
    def campaigns(self) -> Path:
        """Return the folder of the recorded campaigns."""
        return self.project / "demo" / "campaigns"

    @property
    def configuration(self) -> Path:
        """Return the demo's own copy of the configuration, baselines included."""
        return self.state / "config"

    @property
    def reports(self) -> Path:
        """Return the folder into which the reports are put for reading."""
        return self.state / "reports"


def run_demo(places: DemoPlaces, console: Console, steps: Steps) -> None:
    """Deliver the campaigns, wait for their runs, print the verdicts, stop what was started.

    Servers of the user's own that the environment names are left alone.
    """
    state = places.state
    if ignored := ignore_settings(os.environ):
        steps.say(f"ignored, for the demo has servers of its own: {', '.join(ignored)}")
    with steps.step(f"prepare {state}/ anew"):
        prepare(places)
    with EmbeddedEngines(state) as engines:
        with steps.step("start the object store and Postgres"):
            start_engines(engines, state=state, configuration=places.configuration)
        home = DagsterHome.prepare(state, project=places.project)
        with steps.step("make Dagster's tables"):
            make_instance_tables(home.directory)
        with DagsterServices(home, os.environ) as services:
            services.start_daemon()
            bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
            run_campaigns(places, bucket, home, services, steps)
            for campaign in JUDGED:
                console.print()
                verdict = campaign_verdict(bucket.verdict_rows(campaign))
                print_verdict(console, verdict, rest="in the reports")
                print_causes(console, read_causes(bucket.store, campaign))
            paths = [
                path
                for campaign in JUDGED
                for path in fetch_reports(
                    bucket, campaign, places.reports, object_keys.REPORT_NAMES
                )
            ]
        write_down(state)
        with steps.step("evaluate the alert rules once"):
            alerts = alerts_once(state, places.configuration)
        with steps.step("stop what was started"):
            engines.stop()
    console.print("\nReports:")
    for path in paths:
        console.print(f"  {path}", highlight=False)
    console.print("See the runs, the assets and the checks in the web page with: make serve")
    console.print(alerts, highlight=False, soft_wrap=True)


def ignore_settings(environment: MutableMapping[str, str]) -> list[str]:
    """Take the platform's variables out of an environment, and return their names.

    They may be production's: the demo would deliver its campaigns there, and tell people of them.
    """
    names = sorted(name for name in environment if name.startswith(_PLATFORM_PREFIXES))
    for name in names:
        del environment[name]
    return names


def prepare(places: DemoPlaces) -> None:
    """Make the state folder anew, with the project's configuration for the demo's matrix."""
    if not places.campaigns.is_dir():
        raise LmError(f"{places.campaigns} is not there: run this in a checkout of the project")
    make_anew(places.state, frozenset({BASELINE, *JUDGED}))
    # The demo makes its own baselines, as a person does; the recorded ones are to compare with.
    own = shutil.ignore_patterns("baselines")
    shutil.copytree(places.project / "config", places.configuration, ignore=own)
    demo_configuration = places.project / "demo" / "config"
    shutil.copytree(demo_configuration, places.configuration, ignore=own, dirs_exist_ok=True)
    write_down(places.state)


def run_campaigns(
    places: DemoPlaces,
    bucket: CampaignBucket,
    home: DagsterHome,
    services: DagsterServices,
    steps: Steps,
) -> None:
    """Upload the campaigns, wait for the runs that the sensor starts, make the baselines."""

    def wait(campaign: str, after: float) -> None:
        wait_for_campaign(
            campaign,
            home=home.directory,
            timeout_s=RUN_TIMEOUT_SECONDS,
            check_alive=services.check_alive,
            after=after,
        )

    begun = time.time()
    with steps.step(f"upload {BASELINE}"):
        upload(places, bucket, BASELINE)
    with steps.step(f"the sensor sees it; its run collects and reports {BASELINE}"):
        wait(BASELINE, begun)
    with steps.step("make the baselines from it, as lm baseline init does"):
        plan = initialise_baselines(places, bucket)
    write_down(places.state)
    for refusal in plan.refusals:
        steps.say(f"refused: {refusal.combination}: {refusal.rule}: {refusal.detail}")
    begun = time.time()
    for campaign in JUDGED:
        with steps.step(f"upload {campaign}"):
            upload(places, bucket, campaign)
    for campaign in JUDGED:
        with steps.step(f"the sensor sees it; its run judges {campaign}"):
            wait(campaign, begun)


def upload(places: DemoPlaces, bucket: CampaignBucket, campaign: str) -> None:
    """Deliver a campaign as a load runner does: the result files first, ``_SUCCESS`` last."""
    objects = list(_campaign_files(places.campaigns / campaign))
    prefix = object_keys.incoming_prefix(campaign)
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        for _ in pool.map(lambda o: bucket.store.write(prefix + o[0], o[1].read_bytes()), objects):
            pass
    bucket.store.write(object_keys.success_key(campaign), b"")


def initialise_baselines(places: DemoPlaces, bucket: CampaignBucket) -> ChangePlan:
    """Do what ``lm baseline init`` does: accept the campaign's runs where no guard objects.

    They are dated with their last run, not with today, so that every demo writes the same file.
    """
    settings = load_configuration(places.configuration)
    before = read_catalogue(settings.baselines_path)
    plan = initial_plan(bucket.records(BASELINE), settings, before)
    write_catalogue(settings.baselines_path, plan.catalogue, before.digest)
    return plan


def initial_plan(
    records: Sequence[RunRecord], settings: Configuration, before: BaselineCatalogue
) -> ChangePlan:
    """Return what `lm baseline init` would make of records, dated with the last of them."""
    return plan_change(
        records,
        ChangeRequest(
            now=max(r.ended_at for r in records if r.ended_at is not None),
            reason=REASON,
            only_new=True,
        ),
        catalogue=before,
        metrics=settings.metrics,
        policy=settings.regression.stages[Stage.NIGHTLY],
    )


def _campaign_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path
