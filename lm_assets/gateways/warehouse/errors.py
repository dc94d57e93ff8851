"""What can go wrong with the warehouse, in words for a person."""

from lm_assets.model.errors import LmError


class WarehouseError(LmError):
    """The warehouse could not do what was asked."""


class WarehouseUnavailableError(WarehouseError):
    """Postgres did not answer for as long as it was tried."""


class WarehouseSchemaError(WarehouseError):
    """The database has not the tables that this version of the platform works with."""
