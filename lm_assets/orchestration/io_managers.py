"""Where the frames between campaign assets live: the bucket first, then the warehouse.

The objects are the primary store and the warehouse a queryable copy, so the objects are written
first: a run killed between the two is repaired by repeating it, or by rebuilding the warehouse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.verdict_json import campaign_verdict
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.tables import Table
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS


@dataclass(frozen=True, kw_only=True)
class StoredTable:
    """How one asset's frame is stored: its table, its objects and its rows in the warehouse.

    Without ``write_rows`` the warehouse has no copy: fresh runs are no campaign's history.
    """

    table: Table[Any]
    write_objects: Callable[[CampaignBucket, str, list[Any]], None]
    read_objects: Callable[[CampaignBucket, str], list[Any]]
    write_rows: Callable[[Warehouse, str, list[Any]], None] | None


STORED_TABLES: Mapping[str, StoredTable] = {
    "raw_metrics": StoredTable(
        table=RECORDS,
        write_objects=lambda bucket, campaign, rows: bucket.write_records(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.stored_records(campaign),
        write_rows=lambda warehouse, campaign, rows: warehouse.replace_runs(campaign, rows),
    ),
    "statistical_summaries": StoredTable(
        table=SUMMARIES,
        write_objects=lambda bucket, campaign, rows: bucket.write_summaries(campaign, rows),
        read_objects=lambda bucket, campaign: bucket.summaries(campaign),
        write_rows=lambda warehouse, campaign, rows: warehouse.replace_summaries(campaign, rows),
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
        write_rows=lambda warehouse, campaign, rows: warehouse.replace_verdict(
            campaign_verdict(rows)
        ),
    ),
}


class CampaignTables(dg.IOManager):
    """Stores and loads the frames of campaign assets."""

    def __init__(self, bucket: CampaignBucket, warehouse: Warehouse) -> None:
        self._bucket = bucket
        self._warehouse = warehouse

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the campaign's objects, then its rows."""
        stored = STORED_TABLES[context.asset_key.path[-1]]
        rows = stored.table.rows(obj)
        stored.write_objects(self._bucket, context.partition_key, rows)
        if stored.write_rows is not None:
            stored.write_rows(self._warehouse, context.partition_key, rows)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Return the campaign's frame from its objects."""
        stored = STORED_TABLES[context.asset_key.path[-1]]
        return stored.table.frame(stored.read_objects(self._bucket, context.partition_key))


@dg.io_manager(
    required_resource_keys={"bucket", "warehouse"},
    description="Frames as objects in the bucket, with a copy in the warehouse.",
)
def campaign_tables(context: dg.InitResourceContext) -> CampaignTables:
    """Storage of the frames between campaign assets."""
    return CampaignTables(context.resources.bucket, context.resources.warehouse)
