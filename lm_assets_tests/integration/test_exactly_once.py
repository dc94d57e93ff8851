"""What lands late, twice, wrongly named or in thousands is counted once, on real servers."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import dagster as dg
import psycopg
import pytest

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.kept_campaigns import kept_campaigns
from lm_assets.gateways.dagster_services import DagsterHome
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.rebuild import rebuild_campaign
from lm_assets.orchestration.sensors import QUIET_PERIOD
from lm_assets_tests.conftest import PROJECT, own_database
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.integration.bulk_objects import put_objects
from lm_assets_tests.integration.landed_campaigns import LandedCampaigns
from lm_assets_tests.integration.left_behind import left_behind
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
READ, JOIN = "3.5.0_connect_kubernetes_none_read_1gb", "4.0.0_connect_kubernetes_none_join_1gb"
FIVE = (10.0, 10.2, 9.9, 10.1, 10.3)


@pytest.fixture(scope="module")
def instance(engines: Mapping[str, str], tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    """The project's own Dagster instance, on Postgres."""
    home = DagsterHome.prepare(tmp_path_factory.mktemp("instance"), project=PROJECT)
    with own_database(engines["LM_POSTGRES_URL"]) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LM_DAGSTER_POSTGRES_URL", url)
        with dg.DagsterInstance.from_config(str(home.directory)) as instance:
            yield instance


@pytest.fixture
def campaigns(
    s3_environment: dict[str, str],
    warehouse_url: str,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> LandedCampaigns:
    environment = {
        **s3_environment,
        "LM_POSTGRES_URL": warehouse_url,
        "LM_CONFIG_DIR": str(PROJECT / "config"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return LandedCampaigns(environment, instance)


def lines(combination: str, durations=FIVE, *, first: int = 1) -> bytes:
    found = [result_line(combination, n, d) for n, d in enumerate(durations, start=first)]
    return ("\n".join(found) + "\n").encode()


def wait_for_a_later_second(campaigns: LandedCampaigns) -> None:
    """Wait until the store tells what is written now from what landed of the campaign.

    A store's clock may tell whole seconds; the same bytes written again within one of them leave
    the listing as it was.
    """
    landed = campaigns.store.list(f"incoming/{CAMPAIGN}/")
    newest = max(item.last_modified for item in landed)
    while datetime.now(UTC) < newest + timedelta(seconds=1):
        time.sleep(0.05)


def durations(campaigns: LandedCampaigns, combination: str) -> list[float]:
    """Return the durations of a combination's runs as the warehouse has them."""
    with psycopg.connect(campaigns.environment["LM_POSTGRES_URL"]) as connection:
        query = (
            "SELECT value FROM run_metrics WHERE campaign = %s AND combination = %s "
            "AND metric = 'duration_s' ORDER BY run_id"
        )
        return [v for (v,) in connection.execute(query, [CAMPAIGN, combination])]


def test_a_success_object_before_the_last_file_gives_two_runs_of_which_the_second_stands(
    campaigns: LandedCampaigns,
):
    land(campaigns.store, CAMPAIGN, {READ: FIVE, JOIN: FIVE})
    assert campaigns.tick() == [CAMPAIGN]
    whole = campaigns.left_behind(CAMPAIGN)
    last = object_keys.result_key(CAMPAIGN, JOIN)
    content = campaigns.store.read(last)
    campaigns.store.delete(last)
    assert campaigns.tick() == [CAMPAIGN]
    assert campaigns.left_behind(CAMPAIGN).count("load_runs") == 5
    assert not any(JOIN in key for key in campaigns.left_behind(CAMPAIGN).keys("raw/"))
    assert campaigns.tick() == []

    wait_for_a_later_second(campaigns)
    campaigns.store.write(last, content)
    assert campaigns.tick() == [CAMPAIGN]
    assert campaigns.left_behind(CAMPAIGN) == whole
    assert campaigns.tick() == []


def test_an_object_rewritten_with_the_same_size_in_the_same_second_is_seen(
    campaigns: LandedCampaigns,
):
    key = object_keys.result_key(CAMPAIGN, READ)
    campaigns.store.write(key, lines(READ))
    campaigns.store.write(object_keys.success_key(CAMPAIGN), b"")
    assert campaigns.tick() == [CAMPAIGN]
    campaigns.store.write(key, lines(READ, (20.0, 20.2, 19.9, 20.1, 20.3)))
    assert campaigns.tick() == [CAMPAIGN]
    assert durations(campaigns, READ) == [20.0, 20.2, 19.9, 20.1, 20.3]
    assert campaigns.left_behind(CAMPAIGN).count("load_runs") == 5


def test_a_campaign_delivered_again_whole_is_run_again_and_leaves_the_same_for_the_same_bytes(
    campaigns: LandedCampaigns,
):
    land(campaigns.store, CAMPAIGN, {READ: FIVE})
    assert campaigns.tick() == [CAMPAIGN]
    before = campaigns.left_behind(CAMPAIGN)
    # Not every store's tag tells of the content: the time of a new delivery counts as well.
    wait_for_a_later_second(campaigns)
    land(campaigns.store, CAMPAIGN, {READ: FIVE})
    assert campaigns.tick() == [CAMPAIGN]
    assert campaigns.left_behind(CAMPAIGN) == before
    assert campaigns.tick() == []

    land(campaigns.store, CAMPAIGN, {READ: (11.0, *FIVE[1:])})
    assert campaigns.tick() == [CAMPAIGN]
    assert durations(campaigns, READ) == [11.0, *FIVE[1:]]
    wait_for_a_later_second(campaigns)
    land(campaigns.store, CAMPAIGN, {READ: FIVE})
    assert campaigns.tick() == [CAMPAIGN]
    assert campaigns.left_behind(CAMPAIGN) == before


def test_a_run_delivered_in_two_files_is_counted_once_and_the_other_is_kept_aside(
    campaigns: LandedCampaigns,
):
    campaigns.store.write(object_keys.result_key(CAMPAIGN, READ, "a"), lines(READ))
    campaigns.store.write(object_keys.result_key(CAMPAIGN, READ, "b"), lines(READ, first=3))
    campaigns.store.write(object_keys.success_key(CAMPAIGN), b"")
    assert campaigns.tick() == [CAMPAIGN]
    assert durations(campaigns, READ) == [*FIVE, 10.1, 10.3]
    assert campaigns.refused(CAMPAIGN) == ["duplicate_run"] * 3


@pytest.mark.parametrize("days", [-1, 1], ids=["a_day_behind", "a_day_ahead"])
def test_a_clock_that_is_wrong_against_the_stores_changes_nothing(
    campaigns: LandedCampaigns, days: int
):
    clock = campaigns.clock = FixedClock(datetime.now(UTC) + timedelta(days=days))
    campaigns.store.write(object_keys.result_key(CAMPAIGN, READ), lines(READ))
    assert campaigns.evaluate() == []
    clock.moment += QUIET_PERIOD - timedelta(seconds=1)
    assert campaigns.evaluate() == []
    clock.moment += timedelta(seconds=1)
    assert [r.partition_key for r in campaigns.evaluate()] == [CAMPAIGN]
    assert campaigns.evaluate() == []


def test_ten_thousand_objects_in_one_tick_start_each_campaign_once(
    campaigns: LandedCampaigns, report_count: Callable[[str], None]
):
    names = [f"nightly-2026-11-22-{n}" for n in range(8)]
    put_objects(
        campaigns.environment,
        (
            (f"incoming/{name}/{READ}/part-{n:04}.jsonl", f"{n}\n".encode())
            for name in names
            for n in range(1_249)
        ),
    )
    put_objects(campaigns.environment, ((object_keys.success_key(name), b"") for name in names))
    assert [r.partition_key for r in campaigns.evaluate()] == names
    first_s = campaigns.evaluation_s
    assert campaigns.evaluate() == []
    late = object_keys.result_key(names[3], READ, "late")
    campaigns.store.write(late, b"1\n")
    assert [r.partition_key for r in campaigns.evaluate()] == [names[3]]
    report_count(f"10,000 objects of 8 campaigns in one tick: 8 runs asked for, {first_s:.1f} s")


# As a campaign's, a combination's and a run's name: what the server takes must be quarantined,
# what it refuses can never land.
HOSTILE = {
    "parent_folder": "..%2fx",
    "percent_encoded": "%2e%2e",
    "newline": "a\nb",
    "markup": "<script>alert(1)</script>",
    "sql": "'; DROP TABLE campaigns; --",
    "spaces": " a b ",
    "long": "n" * 250,
}


def test_hostile_names_of_folders_are_quarantined_and_build_no_key(campaigns: LandedCampaigns):
    land(campaigns.store, CAMPAIGN, {READ: FIVE})
    for name in HOSTILE.values():
        campaigns.store.write(f"incoming/{name}/{READ}/r.jsonl", lines(READ))
        campaigns.store.write(f"incoming/{name}/_SUCCESS", b"")
        campaigns.store.write(f"incoming/{CAMPAIGN}/{name}/r.jsonl", lines(READ))
        campaigns.store.write(f"incoming/{CAMPAIGN}/{READ}/{name}/pods.json", b"{}")
    landed = {item.key for item in campaigns.store.list("incoming/")}
    assert campaigns.tick() == [CAMPAIGN]

    left = campaigns.left_behind(CAMPAIGN)
    assert left.count("load_runs") == 5
    assert left.keys("raw/") == [object_keys.raw_key(CAMPAIGN, READ)]
    wrong = {rule: campaigns.refused(CAMPAIGN).count(rule) for rule in campaigns.refused(CAMPAIGN)}
    parts = sum("/" in name for name in HOSTILE.values())
    assert sum(wrong.values()) == 2 * len(HOSTILE), wrong
    assert parts == 1
    unknown = list(campaigns.store.list("quarantine/_unknown/"))
    assert len(unknown) == 2 * len(HOSTILE)
    everything = {item.key for item in campaigns.store.list("")}
    assert landed <= everything
    prefixes = (f"raw/{CAMPAIGN}/", f"aggregated/{CAMPAIGN}/", f"quarantine/{CAMPAIGN}/")
    for key in everything - landed:
        assert key.startswith((*prefixes, "quarantine/_unknown/"))
        assert key.isascii()
        assert key.isprintable()
        assert len(key) < 400


def test_hostile_names_in_result_lines_are_quarantined_whole(campaigns: LandedCampaigns):
    names = [*HOSTILE.values(), "../x", "../../raw/x", "n" * 2_000]
    refused = [result_line(name, n, 10.0) for n, name in enumerate(names, start=100)]
    land(campaigns.store, CAMPAIGN, {READ: FIVE}, extra_lines={READ: refused})
    assert campaigns.tick() == [CAMPAIGN]
    assert campaigns.refused(CAMPAIGN) == ["unknown_combination"] * len(names)
    assert campaigns.left_behind(CAMPAIGN).count("load_runs") == 5
    (content,) = (
        campaigns.store.read(item.key)
        for item in campaigns.store.list(object_keys.quarantine_prefix(CAMPAIGN))
        if item.key.endswith(".jsonl")
    )
    assert content.decode().splitlines() == refused


def test_a_database_restored_from_yesterday_and_rebuilt_has_todays_rows(
    campaigns: LandedCampaigns,
    engines: Mapping[str, str],
    report_count: Callable[[str], None],
):
    other = "nightly-2026-11-23-other"
    land(campaigns.store, CAMPAIGN, {READ: FIVE})
    assert campaigns.tick() == [CAMPAIGN]
    today = urlsplit(campaigns.environment["LM_POSTGRES_URL"]).path.lstrip("/")
    with own_database(engines["LM_POSTGRES_URL"], template=today) as restored:
        campaigns.store.write(object_keys.result_key(CAMPAIGN, JOIN), lines(JOIN))
        land(campaigns.store, other, {READ: FIVE})
        assert campaigns.tick() == [CAMPAIGN, other]

        with Warehouse(restored) as warehouse:
            for campaign in kept_campaigns(campaigns.bucket):
                rebuild_campaign(campaign, bucket=campaigns.bucket, warehouse=warehouse)
        after = {**campaigns.environment, "LM_POSTGRES_URL": restored}
        for campaign in (CAMPAIGN, other):
            assert left_behind(after, campaign) == campaigns.left_behind(campaign)
    report_count("a database restored from yesterday and rebuilt: lost 0, doubled 0")
