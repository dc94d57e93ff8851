"""Summaries keep what measured them: figures of different sources may be different quantities."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; summaries of before name nobody."""
    op.execute("ALTER TABLE summaries ADD COLUMN sources text[] NOT NULL DEFAULT '{}'")
    op.execute(
        "COMMENT ON COLUMN summaries.sources IS "
        "'What measured the load runs, each once, sorted; empty where nobody said'"
    )


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE summaries DROP COLUMN sources")
