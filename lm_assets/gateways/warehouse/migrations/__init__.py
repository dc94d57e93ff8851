"""Alembic's environment of the warehouse; `lm_assets.gateways.warehouse.schema` runs it."""
