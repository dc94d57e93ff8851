"""The nightly path with a year of stored history against a week of it, same machine, same run.

Two platforms, each a bucket and a database of its own, on one SeaweedFS and one Postgres. A year is
365 nightly campaigns as retention keeps them: 30 nights of landed and raw objects and of single
runs, 365 of aggregates, reports, summaries and verdicts. The nightly path is collect, checks,
summaries and judgement, with everything stored, and one evaluation of the sensor. Reports are left
out: they read nothing of the history, and their time would hide what grows.

Run: python -m benchmarks history_flat
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.campaign_daemon import stored_and_judged
from benchmarks.sensor_tick import tick
from benchmarks.simulated_campaign import SimulatedPlatform, land, simulated_platform
from lm_assets.collect.landing.due import decode_cursor, encode_cursor
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.databases import ensure_database, sibling_url
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.partitions import Month, make_months

REPEATS = 5
RAW_NIGHTS = 30
# Enough for the earlier nights to be settled; they are looked at again after ten minutes more.
LATER = timedelta(hours=2)
OF_RUNS = ("load_runs", "run_metrics")
OF_CAMPAIGNS = ("campaigns", "summaries", "verdicts", "findings")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A platform with a history: its environment, and what its sensor remembers."""

    environment: Mapping[str, str]
    cursor: str


def with_history(nights: int, platform: SimulatedPlatform, engines: Mapping[str, str]) -> Stored:
    """Make a bucket and a database, and fill them with so many nights."""
    name = f"history-{nights}"
    url = sibling_url(engines["LM_POSTGRES_URL"], name)
    ensure_database(engines["LM_POSTGRES_URL"], name)
    environment = {**engines, "LM_S3_BUCKET": name, "LM_POSTGRES_URL": url}
    store = S3ObjectStore.from_environment(environment)
    store.ensure_bucket()
    with Warehouse.from_environment(environment) as warehouse:
        warehouse.migrate()
    land(store, platform)
    stored_and_judged(platform, environment)
    copy_rows(url, platform.campaign, nights)
    copy_objects(store, platform.campaign, nights)
    return Stored(environment=environment, cursor=settled_cursor(store, platform.campaign))


def settled_cursor(store: S3ObjectStore, newest: str) -> str:
    """Return what a sensor remembers of the earlier nights when the newest campaign lands."""
    landed = str(tick(store, None).cursor)
    cursor = decode_cursor(str(tick(store, landed, ahead=LATER).cursor))
    del cursor[newest]
    return encode_cursor(cursor)


def earlier(campaign: str, night: int) -> str:
    return f"{campaign}-{night:03}"


def copy_rows(url: str, campaign: str, nights: int) -> None:
    """Give earlier nights the campaign's rows, each a day before the other."""
    with psycopg.connect(url, autocommit=True) as connection:
        (newest,) = connection.execute("SELECT max(started_at) FROM load_runs").fetchone()
        kept = min(nights, RAW_NIGHTS)
        make_months(
            connection, {Month.of(newest - timedelta(days=night)) for night in range(kept + 1)}
        )
        for table in (*OF_CAMPAIGNS, *OF_RUNS):
            for night in range(1, (kept if table in OF_RUNS else nights) + 1):
                connection.execute(
                    copied(connection, table),
                    {
                        "campaign": campaign,
                        "earlier": earlier(campaign, night),
                        "before": timedelta(days=night),
                    },
                )
        connection.execute("ANALYZE")


def copied(connection: psycopg.Connection, table: str) -> sql.Composed:
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
        "AND is_generated = 'NEVER' AND is_identity = 'NO'",
        [table],
    ).fetchall()
    values = [
        sql.SQL("%(earlier)s")
        if name == "campaign"
        else sql.SQL("{} - %(before)s").format(sql.Identifier(name))
        if kind == "timestamp with time zone"
        else sql.Identifier(name)
        for name, kind in columns
    ]
    return sql.SQL(
        "INSERT INTO {0} ({1}) SELECT {2} FROM {0} WHERE campaign = %(campaign)s"
    ).format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
        sql.SQL(", ").join(values),
    )


def copy_objects(store: S3ObjectStore, campaign: str, nights: int) -> None:
    """Give earlier nights the campaign's keys; of their contents only the facts are ever read."""
    facts = store.read(object_keys.facts_key(campaign)).decode()
    kept = ((object_keys.INCOMING, RAW_NIGHTS), (object_keys.RAW, RAW_NIGHTS))
    objects: dict[str, bytes] = {}
    for prefix, most in (*kept, (object_keys.AGGREGATED, nights)):
        for item in list(store.list(prefix)):
            for night in range(1, min(nights, most) + 1):
                name = earlier(campaign, night)
                key = item.key.replace(f"/{campaign}/", f"/{name}/", 1)
                is_facts = key == object_keys.facts_key(name)
                content = facts.replace(f'"{campaign}"', f'"{name}"') if is_facts else "{}\n"
                objects[key] = content.encode()
    for night in range(1, nights + 1):
        for name in object_keys.REPORT_NAMES:
            objects[object_keys.report_key(earlier(campaign, night), name)] = b"-"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: store.write(*item), objects.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--combinations", type=int, default=160)
    parser.add_argument("--nights", type=int, nargs=2, default=[7, 365])
    options = parser.parse_args()
    best: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        platform = simulated_platform(folder, combinations=options.combinations)
        with EmbeddedEngines(folder / "engines", environment={}) as engines:
            environment = engines.start()
            stored = {n: with_history(n, platform, environment) for n in options.nights}
            for repeat in range(REPEATS):
                # In turn from either end: what warms up or wears out meets both.
                for nights in options.nights[:: 1 if repeat % 2 else -1]:
                    for step, seconds in one_night(platform, stored[nights]).items():
                        place = (step, nights)
                        best[place] = min(best.get(place, float("inf")), seconds)
    print(f"{options.combinations} combinations × 5 runs, best of {REPEATS}")
    week, year = options.nights
    for step in sorted({step for step, _ in best}):
        ratio = best[step, year] / best[step, week]
        print(
            f"{step:24} {best[step, week]:7.3f} s after {week} nights, "
            f"{best[step, year]:7.3f} s after {year}: {ratio:.2f} × (target 1.2 or less)"
        )


def one_night(platform: SimulatedPlatform, stored: Stored) -> dict[str, float]:
    """Return the seconds of a tick and of a campaign up to its stored verdict."""
    store = S3ObjectStore.from_environment(stored.environment)
    began = time.perf_counter()
    tick(store, stored.cursor, ahead=LATER)
    ticked = time.perf_counter()
    stored_and_judged(platform, stored.environment)
    return {"sensor tick": ticked - began, "campaign to verdict": time.perf_counter() - ticked}


if __name__ == "__main__":
    main()
