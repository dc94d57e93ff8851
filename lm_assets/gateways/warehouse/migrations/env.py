"""Run by Alembic: on the connection that it is handed, or offline to print SQL."""

from alembic import context

VERSION_TABLE = "lm_schema_version"

if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", version_table=VERSION_TABLE, literal_binds=True, as_sql=True
    )
else:
    context.configure(
        connection=context.config.attributes["connection"], version_table=VERSION_TABLE
    )

with context.begin_transaction():
    context.run_migrations()
