"""A role that may read everything and change nothing, for dashboards and SQL users."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Roles belong to the whole server: another database of it may have made this one already.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lm_reader') THEN
        CREATE ROLE lm_reader NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'this user may not make the role lm_reader; '
            'let an administrator run: CREATE ROLE lm_reader NOLOGIN';
END
$$;
"""
GRANTS = """
GRANT USAGE ON SCHEMA public TO lm_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO lm_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO lm_reader;
"""


def upgrade() -> None:
    """Make the role and let it read."""
    op.execute(ROLE)
    op.execute(GRANTS)


def downgrade() -> None:
    """Take the rights back; the role stays, other databases may use it."""
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM lm_reader;"
        "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM lm_reader;"
        "REVOKE USAGE ON SCHEMA public FROM lm_reader;"
    )
