"""The words of a verdict are listed in one place, the documentation, and no longer in a comment."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COMMENT = "COMMENT ON COLUMN verdicts.verdict IS '{}'"
NOW = "The decision for the cell, in a word of docs/judgement.md"
BEFORE = (
    "regressed, suspected, improved, unchanged, inconclusive, accepted_tradeoff, "
    "no_baseline, insufficient_data or data_fault"
)


def upgrade() -> None:
    """Point to where the words are explained."""
    op.execute(COMMENT.format(NOW))


def downgrade() -> None:
    """List the words that there were."""
    op.execute(COMMENT.format(BEFORE))
