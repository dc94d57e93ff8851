"""Frames between assets: stored before they are seen, and read once for each run."""

from collections import Counter
from collections.abc import Callable, Sequence

import dagster as dg
import pandas as pd
import pytest

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.protocol import ObjectStoreUnavailableError
from lm_assets.model.record import RunRecord
from lm_assets.orchestration.io_managers import CampaignTables
from lm_assets.orchestration.tables_of_campaigns import RECORDS
from lm_assets_tests.builders import a_record
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

FIRST, SECOND = "nightly-1", "nightly-2"


class CountingStore(InMemoryObjectStore):
    """Counts the readings of each key, and can be out of reach for writing."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.is_away = False

    def read(self, key: str, *, max_bytes: int | None = None) -> bytes:
        self.reads[key] += 1
        return super().read(key, max_bytes=max_bytes)

    def write(self, key: str, data: bytes, **how: object) -> str:
        if self.is_away:
            raise ObjectStoreUnavailableError("the store is away")
        return super().write(key, data, **how)  # type: ignore[arg-type]


class RowsInMemory:
    """The warehouse as this storage sees it: rows appear when what they wait for is done."""

    def __init__(self) -> None:
        self.runs: dict[str, Sequence[RunRecord]] = {}

    def replace_runs(
        self, campaign: str, records: Sequence[RunRecord], *, before_commit: Callable[[], object]
    ) -> None:
        before_commit()
        self.runs[campaign] = records


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def rows() -> RowsInMemory:
    return RowsInMemory()


@pytest.fixture
def tables(store: CountingStore, rows: RowsInMemory) -> CampaignTables:
    return CampaignTables(CampaignBucket(store), rows)  # type: ignore[arg-type]


def output(campaign: str) -> dg.OutputContext:
    return dg.build_output_context(asset_key="raw_metrics", partition_key=campaign)


def load(tables: CampaignTables, campaign: str) -> pd.DataFrame:
    key = dg.AssetKey("raw_metrics")
    return tables.load_input(dg.build_input_context(asset_key=key, partition_key=campaign))


def records_of(campaign: str, *, runs: int = 2) -> list[RunRecord]:
    return [
        a_record(campaign=campaign, combination=cell, run_id=f"run-{n}")
        for cell in ("a", "a+b")
        for n in range(runs)
    ]


def test_a_frame_comes_back_with_every_value_of_its_rows(tables: CampaignTables):
    stored = records_of(FIRST)
    tables.handle_output(output(FIRST), RECORDS.frame(stored))
    loaded = RECORDS.rows(load(tables, FIRST))
    assert sorted(loaded, key=lambda r: (r.combination, r.run_id)) == stored


def test_the_assets_of_a_run_read_each_object_once_between_them(
    tables: CampaignTables, store: CountingStore
):
    tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST)))
    frames = [load(tables, FIRST) for _ in range(5)]
    of_records = {key: n for key, n in store.reads.items() if key.startswith("raw/")}
    assert of_records == dict.fromkeys([f"raw/{FIRST}/a.jsonl", f"raw/{FIRST}/a+b.jsonl"], 1)
    assert all(frame.equals(frames[0]) for frame in frames)


def test_a_column_that_one_asset_adds_is_not_seen_by_another(tables: CampaignTables):
    tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST)))
    taken = load(tables, FIRST)
    taken["added"] = 1
    assert "added" not in load(tables, FIRST)


def test_a_frame_that_is_stored_again_is_read_again(tables: CampaignTables):
    tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST)))
    assert len(load(tables, FIRST)) == 4
    tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST, runs=3)))
    assert len(load(tables, FIRST)) == 6


def test_one_campaign_is_never_taken_for_another(tables: CampaignTables):
    for campaign in (FIRST, SECOND):
        tables.handle_output(output(campaign), RECORDS.frame(records_of(campaign)))
    for campaign in (FIRST, SECOND, FIRST):
        assert set(load(tables, campaign)["campaign"]) == {campaign}


def test_rows_are_not_replaced_when_their_objects_cannot_be_written(
    tables: CampaignTables, store: CountingStore, rows: RowsInMemory
):
    tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST)))
    store.is_away = True
    with pytest.raises(ObjectStoreUnavailableError, match="away"):
        tables.handle_output(output(FIRST), RECORDS.frame(records_of(FIRST, runs=3)))
    assert len(rows.runs[FIRST]) == 4
