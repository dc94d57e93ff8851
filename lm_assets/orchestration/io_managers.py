"""Where the frames between campaign assets live: the bucket first, then the warehouse.

The objects are the primary store and the warehouse a queryable copy, so no row can be seen before
its object is whole: a run killed between the two is repaired by repeating it, or by rebuilding the
warehouse.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.tables import Table
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS


@dataclass(frozen=True, kw_only=True)
class StoredTable:
    """How one asset's frame is stored: its table, its objects and its rows in the warehouse.

    Without ``write_rows`` the warehouse has no copy: fresh runs are no campaign's history.
    It waits for its last argument before anyone can see the rows.
    """

    table: Table[Any]
    write_objects: Callable[[CampaignBucket, str, list[Any]], None]
    read_objects: Callable[[CampaignBucket, str], list[Any]]
    write_rows: Callable[[Warehouse, str, list[Any], Callable[[], object]], None] | None


STORED_TABLES: Mapping[str, StoredTable] = {
    "raw_metrics": StoredTable(
        table=RECORDS,
        write_objects=lambda bucket, campaign, rows: bucket.write_records(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.stored_records(campaign),
        write_rows=lambda warehouse, campaign, rows, objects_written: warehouse.replace_runs(
            campaign, rows, before_commit=objects_written
        ),
    ),
    "statistical_summaries": StoredTable(
        table=SUMMARIES,
        write_objects=lambda bucket, campaign, rows: bucket.write_summaries(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.summaries(campaign),
        write_rows=lambda warehouse, campaign, rows, objects_written: warehouse.replace_summaries(
            campaign, rows, before_commit=objects_written
        ),
    ),
    "confirmation_runs": StoredTable(
        table=RECORDS,
        write_objects=lambda bucket, campaign, rows: bucket.write_confirmation_runs(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.confirmation_runs(campaign),
        write_rows=None,
    ),
    "regression_verdicts": StoredTable(
        table=VERDICTS,
        write_objects=lambda bucket, campaign, rows: bucket.write_verdict_rows(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.verdict_rows(campaign),
        write_rows=lambda warehouse, campaign, rows, objects_written: warehouse.replace_verdict(
            campaign_verdict(rows), before_commit=objects_written
        ),
    ),
}


class CampaignTables(dg.IOManager):
    """Stores and loads the frames of campaign assets; one for each run.

    The first asset of a run that asks for a frame reads what was stored; the others get the same
    frame, because a dozen of them would else read a thousand objects each. It is what was stored,
    not what was handed over: a repeat that starts from the objects judges the very same values.
    """

    def __init__(self, bucket: CampaignBucket, warehouse: Warehouse) -> None:
        self._bucket = bucket
        self._warehouse = warehouse
        self._campaign = ""
        self._frames: dict[str, pd.DataFrame] = {}

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the campaign's objects and its rows, both at a time.

        The transaction is closed only when the objects are whole; when they cannot be written, it
        leaves the rows as they were.
        """
        asset, campaign = context.asset_key.path[-1], context.partition_key
        stored = STORED_TABLES[asset]
        rows = stored.table.rows(obj)
        self._of_campaign(campaign).pop(asset, None)
        with ThreadPoolExecutor(1) as pool:
            objects = pool.submit(stored.write_objects, self._bucket, campaign, rows)
            wait = objects.result
            if stored.write_rows is not None:
                stored.write_rows(self._warehouse, campaign, rows, wait)
            wait()

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Return the campaign's frame from its objects."""
        asset, campaign = context.asset_key.path[-1], context.partition_key
        frames = self._of_campaign(campaign)
        if asset not in frames:
            stored = STORED_TABLES[asset]
            frames[asset] = stored.table.frame(stored.read_objects(self._bucket, campaign))
        return frames[asset].copy(deep=False)

    def _of_campaign(self, campaign: str) -> dict[str, pd.DataFrame]:
        """Return the frames held of a campaign; those of any other are let go."""
        if campaign != self._campaign:
            self._campaign, self._frames = campaign, {}
        return self._frames


@dg.io_manager(
    required_resource_keys={"bucket", "warehouse"},
    description="Frames as objects in the bucket, with a copy in the warehouse.",
)
def campaign_tables(context: dg.InitResourceContext) -> CampaignTables:
    """Storage of the frames between campaign assets."""
    return CampaignTables(context.resources.bucket, context.resources.warehouse)
