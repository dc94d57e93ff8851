"""Writers of one campaign take turns; writers of others do not wait for them."""

import psycopg


def lock_campaign(connection: psycopg.Connection, campaign: str) -> None:
    """Wait for the other writers of a campaign; theirs until the end of the transaction."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lm-assets campaign {campaign}"]
    )
