"""Embedded engines on a full disk: refused clearly, nothing half, right once there is room."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import to_jsonl
from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import Warehouse, WarehouseError
from lm_assets.model.record import RunRecord
from lm_assets_tests.builders import CAMPAIGN, a_record
from lm_assets_tests.integration.own_servers import OwnObjectStore, OwnPostgres

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

IMPATIENT = RetryPolicy(attempts=3, first_delay_s=0.05)
# SeaweedFS looks once a minute whether a full disk has room again.
PATIENT = RetryPolicy(attempts=30, first_delay_s=0.25, longest_delay_s=4.0)


class SmallDisk:
    """A file system of its own, of a few megabytes in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    mount = shutil.which("mount", path="/usr/bin:/bin:/usr/sbin:/sbin")
    with tempfile.TemporaryDirectory(prefix="lm-test-") as folder:
        options = f"size={megabytes}m,mode=0711"
        command = [str(mount), "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if mount is None or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
            pytest.skip("a full disk: only root may mount a small one, where mounting is allowed")
        try:
            yield SmallDisk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def records(mark: str, count: int, *, padding: int = 0) -> list[RunRecord]:
    return [
        replace(a_record(run_id=f"{mark}-{n}"), extra={"padding": f"{n:07}" * (padding // 7)})
        for n in range(count)
    ]


def of_cells(found: list[RunRecord], cells: int) -> list[RunRecord]:
    """Spread records over combinations, in key order."""
    return sorted(
        (replace(r, combination=f"cell-{n % cells:02}") for n, r in enumerate(found)),
        key=lambda r: r.combination,
    )


@contextmanager
def running_object_store(folder: Path) -> Iterator[OwnObjectStore]:
    server = OwnObjectStore(folder)
    try:
        yield server
    finally:
        server.stop()


def server_store(server: OwnObjectStore, retry: RetryPolicy) -> S3ObjectStore:
    return S3ObjectStore.from_environment(server.environment, retry=retry)


def test_an_object_store_on_a_full_disk_refuses_and_is_right_again_with_room(
    report_count: Callable[[str], None],
):
    before = of_cells(records("a", 40), 8)
    after = of_cells(records("b", 40, padding=200_000), 8)
    with small_disk(200) as disk, running_object_store(disk.folder / "s3") as server:
        bucket = CampaignBucket(server_store(server, IMPATIENT))
        bucket.write_records(CAMPAIGN, before)
        disk.fill()
        with pytest.raises(ObjectStoreError, match="the server fails"):
            bucket.write_records(CAMPAIGN, after)
        whole = {
            to_jsonl([r for r in version if r.combination == f"cell-{n:02}"])
            for version in (before, after)
            for n in range(8)
        }
        found = [bucket.store.read(item.key) for item in bucket.store.list("raw/")]
        assert len(found) == 8
        assert set(found) <= whole
        disk.make_room()
        repeated = CampaignBucket(server_store(server, PATIENT))
        repeated.write_records(CAMPAIGN, after)
        assert repeated.records(CAMPAIGN) == after
    report_count("S3 on a full disk: refused, nothing half-written, right after room was made")


def test_a_postgres_on_a_full_disk_refuses_and_is_right_again_with_room(
    report_count: Callable[[str], None],
):
    settings = {"max_wal_size": "32MB", "min_wal_size": "32MB", "fsync": "off"}
    before, after = records("a", 50), records("b", 3_000, padding=700)
    with small_disk(160) as disk:
        server = OwnPostgres(disk.folder / "postgres", settings=settings)
        with Warehouse(server.url, retry=IMPATIENT) as warehouse:
            warehouse.migrate()
            warehouse.replace_runs(CAMPAIGN, before)
            kept = stored(warehouse)
            disk.fill()
            # Postgres itself goes down when it is the log that finds no room.
            with pytest.raises(WarehouseError, match=r"DiskFull|did not do its work"):
                warehouse.replace_runs(CAMPAIGN, after)
            disk.make_room()
            if not server.is_running():
                server.start()
            assert stored(warehouse) == kept
            warehouse.replace_runs(CAMPAIGN, after)
            assert stored(warehouse) == sorted(r.run_id for r in after)
        server.stop()
    report_count("Postgres on a full disk: refused, the old rows whole, right with room")


def stored(warehouse: Warehouse) -> list[str]:
    from psycopg import sql

    return sorted(r for (r,) in warehouse.read(sql.SQL("SELECT run_id FROM load_runs")))
