"""``lm warehouse``: the tables of the queryable copy in Postgres."""

import os

import click

from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.schema import offline_sql


@click.group()
def warehouse() -> None:
    """Look after the tables in Postgres (LM_POSTGRES_URL)."""


@warehouse.command()
@click.option(
    "--sql", "as_sql", is_flag=True, help="Print the SQL instead, for an administrator to run."
)
def migrate(as_sql: bool) -> None:
    """Bring the database to the tables of this version; nothing happens when it has them.

    \b
    Example:
      LM_POSTGRES_URL=postgresql://lm@db.example/load_metrics lm warehouse migrate
    """
    if as_sql:
        click.echo(offline_sql())
        return
    with Warehouse.from_environment(os.environ) as opened:
        opened.migrate()
    click.echo("the database has the tables of this version", err=True)
