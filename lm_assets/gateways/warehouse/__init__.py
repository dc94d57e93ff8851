"""Postgres: campaigns as rows, for dashboards, reports over time and SQL users."""

from lm_assets.gateways.warehouse.errors import (
    WarehouseError,
    WarehouseSchemaError,
    WarehouseUnavailableError,
)
from lm_assets.gateways.warehouse.history import (
    CampaignOverview,
    CellPoint,
    HistoryPoint,
    before_campaign,
)
from lm_assets.gateways.warehouse.warehouse import Warehouse

__all__ = [
    "CampaignOverview",
    "CellPoint",
    "HistoryPoint",
    "Warehouse",
    "WarehouseError",
    "WarehouseSchemaError",
    "WarehouseUnavailableError",
    "before_campaign",
]
