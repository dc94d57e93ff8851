"""What ``lm demo`` does: recorded campaigns through the platform, as production would run them."""

import itertools
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
from lm_assets.cli.platform.report import fetch_index, fetch_reports
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
from lm_assets.orchestration.campaign_index import complete_index
from lm_assets.orchestration.instance import make_instance_tables, wait_for_campaign
from lm_assets.orchestration.runs_here import RunsHere, runs_here
from lm_assets.regression.baselines import ChangePlan, ChangeRequest, plan_change

BASELINE = "nightly-2026-11-23-baseline"
JUDGED = ("nightly-2026-11-23-same", "nightly-2026-11-23-changed")
NIGHTS = tuple(f"nightly-2026-11-29-night-{number:02d}" for number in range(1, 15))
REASON_OF_NIGHTS = "first baseline: the first two nights of the recorded fortnight"
RUN_TIMEOUT_SECONDS = 240
_PLATFORM_PREFIXES = ("LM_", "AWS_", "DAGSTER_")
_UPLOADS_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class FirstBaseline:
    """Of which campaigns first baselines are made, and why."""

    campaigns: tuple[str, ...]
    reason: str


OF_THE_CAMPAIGN = FirstBaseline(
    campaigns=(BASELINE,),
    reason="first baseline: five interleaved runs of each combination, recorded for the demo",
)
OF_THE_NIGHTS = FirstBaseline(
    campaigns=NIGHTS[:2],
    reason="first baseline: the first two nights of the recorded fortnight",
)


@dataclass(frozen=True, kw_only=True)
class DemoPlaces:
    """Where the demo reads and writes. Everything it makes is under ``state``."""

    project: Path
    state: Path

    def recorded(self, campaign: str) -> Path:
        """Return the folder of one recorded campaign."""
        folder = "fortnight" if campaign in NIGHTS else "campaigns"
        return self.project / "demo" / folder / campaign

    @property
    def configuration(self) -> Path:
        """Return the demo's own copy of the configuration, baselines included."""
        return self.state / "config"

    @property
    def reports(self) -> Path:
        """Return the folder into which the reports are put for reading."""
        return self.state / "reports"


def run_demo(places: DemoPlaces, console: Console, steps: Steps) -> None:
    """Store the past, deliver the campaigns, wait for their runs, print the verdicts.

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
        bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
        settings = load_configuration(places.configuration)
        with (
            runs_here(home.directory, bucket, settings) as runs,
            DagsterServices(home, os.environ) as services,
        ):
            past = Past(places, bucket, runs)
            store_what_baselines_are_made_from(past, settings, steps)
            services.start_daemon()
            run_campaigns(past, home, services, steps)
            with steps.step("judge the history of every combination"):
                runs.judge_histories()
            complete_index(bucket, settings)
            for campaign in JUDGED:
                console.print()
                verdict = campaign_verdict(bucket.verdict_rows(campaign))
                print_verdict(console, verdict, rest="in the reports")
                print_causes(console, read_causes(bucket.store, campaign))
            paths = fetch_all(bucket, places.reports)
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


def fetch_all(bucket: CampaignBucket, folder: Path) -> list[Path]:
    """Put the index and what it leads to into a folder; return what a reader begins with."""
    index, *_ = fetch_index(bucket, folder)
    for campaign in (BASELINE, *NIGHTS):
        fetch_reports(bucket, campaign, folder, ("technical.html",))
    layers = [fetch_reports(bucket, c, folder, object_keys.REPORT_NAMES) for c in JUDGED]
    return [index, *itertools.chain.from_iterable(layers)]


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
    for campaign in (BASELINE, *JUDGED, *NIGHTS):
        if not (folder := places.recorded(campaign)).is_dir():
            raise LmError(f"{folder} is not there: run this in a checkout of the project")
    make_anew(places.state, frozenset({BASELINE, *JUDGED, *NIGHTS}))
    # The demo makes its own baselines, as a person does; the recorded ones are to compare with.
    own = shutil.ignore_patterns("baselines")
    shutil.copytree(places.project / "config", places.configuration, ignore=own)
    demo_configuration = places.project / "demo" / "config"
    shutil.copytree(demo_configuration, places.configuration, ignore=own, dirs_exist_ok=True)
    write_down(places.state)


@dataclass(frozen=True)
class Past:
    """Campaigns that are over: stored and judged, with nothing landed any more."""

    places: DemoPlaces
    bucket: CampaignBucket
    runs: RunsHere

    def store(self, campaign: str) -> None:
        """Store a recorded campaign as it is kept when what landed of it has expired."""
        upload(self.places, self.bucket, campaign)
        self.runs.store_as_history(campaign)
        for item in self.bucket.landed(campaign):
            self.bucket.store.delete(item.key)


def store_what_baselines_are_made_from(past: Past, settings: Configuration, steps: Steps) -> None:
    """Store the first campaigns and make the baselines, before anything is judged by them."""
    with steps.step(f"store {BASELINE} and {len(OF_THE_NIGHTS.campaigns)} nights of the past"):
        for campaign in (BASELINE, *OF_THE_NIGHTS.campaigns):
            past.store(campaign)
    with steps.step("make the baselines from them, as lm baseline init does"):
        plans = [
            initialise_baselines(past.bucket, settings, first)
            for first in (OF_THE_CAMPAIGN, OF_THE_NIGHTS)
        ]
    write_down(past.places.state)
    for refusal in itertools.chain.from_iterable(plan.refusals for plan in plans):
        steps.say(f"refused: {refusal.combination}: {refusal.rule}: {refusal.detail}")


def run_campaigns(past: Past, home: DagsterHome, services: DagsterServices, steps: Steps) -> None:
    """Upload the campaigns to be judged, and store the other nights until their runs have ended."""
    begun = time.time()
    for campaign in JUDGED:
        with steps.step(f"upload {campaign}"):
            deliver(past.places, past.bucket, campaign)
    nights = NIGHTS[len(OF_THE_NIGHTS.campaigns) :]
    with steps.step(f"store the {len(nights)} nights after them, while the sensor sees it"):
        for campaign in nights:
            past.store(campaign)
    for campaign in JUDGED:
        with steps.step(f"its run judges {campaign}"):
            wait_for_campaign(
                campaign,
                home=home.directory,
                timeout_s=RUN_TIMEOUT_SECONDS,
                check_alive=services.check_alive,
                after=begun,
            )


def deliver(places: DemoPlaces, bucket: CampaignBucket, campaign: str) -> None:
    """Deliver a campaign as a load runner does: the result files first, ``_SUCCESS`` last."""
    upload(places, bucket, campaign)
    bucket.store.write(object_keys.success_key(campaign), b"")


def upload(places: DemoPlaces, bucket: CampaignBucket, campaign: str) -> None:
    """Put the files of a recorded campaign where a load runner puts them."""
    objects = list(_campaign_files(places.recorded(campaign)))
    prefix = object_keys.incoming_prefix(campaign)
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        for _ in pool.map(lambda o: bucket.store.write(prefix + o[0], o[1].read_bytes()), objects):
            pass


def initialise_baselines(
    bucket: CampaignBucket, settings: Configuration, first: FirstBaseline
) -> ChangePlan:
    """Do what ``lm baseline init`` does: accept the campaigns' runs where no guard objects.

    They are dated with their last run, not with today, so that every demo writes the same file.
    """
    before = read_catalogue(settings.baselines_path)
    records = [record for campaign in first.campaigns for record in bucket.records(campaign)]
    plan = initial_plan(records, settings, before, first)
    write_catalogue(settings.baselines_path, plan.catalogue, before.digest)
    return plan


def initial_plan(
    records: Sequence[RunRecord],
    settings: Configuration,
    before: BaselineCatalogue,
    first: FirstBaseline = OF_THE_CAMPAIGN,
) -> ChangePlan:
    """Return what `lm baseline init` would make of records, dated with the last of them."""
    return plan_change(
        records,
        ChangeRequest(
            now=max(r.ended_at for r in records if r.ended_at is not None),
            reason=first.reason,
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
