"""The latest campaigns are found by an index: by their start, or else by when they were stored."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The index on started_at alone served no query: each puts undated campaigns in their place.
BY_TIME = """
DROP INDEX campaigns_by_start;
CREATE INDEX campaigns_by_time
    ON campaigns ((coalesce(started_at, first_stored_at)) DESC, campaign);
"""
BY_START = """
DROP INDEX campaigns_by_time;
CREATE INDEX campaigns_by_start ON campaigns (started_at DESC);
"""


def upgrade() -> None:
    """Index campaigns as the queries order them."""
    op.execute(BY_TIME)


def downgrade() -> None:
    """Index campaigns by their known start alone."""
    op.execute(BY_START)
