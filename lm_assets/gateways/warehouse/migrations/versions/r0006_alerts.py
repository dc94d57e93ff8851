"""Alerts with their life, the events it is the fold of, and what each channel was told of them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JUDGED_AT = """
ALTER TABLE campaigns ADD COLUMN judged_at timestamptz;
COMMENT ON COLUMN campaigns.judged_at IS
    'UTC time at which the stored verdict was made; NULL until judged, and for verdicts older '
    'than this column';
CREATE INDEX campaigns_by_judgement ON campaigns (stage, judged_at DESC);
"""

ALERTS = """
CREATE TABLE alerts (
    alert_id text PRIMARY KEY,
    fingerprint text NOT NULL,
    stage text NOT NULL,
    kind text NOT NULL,
    metric text NOT NULL,
    metrics text[] NOT NULL,
    located_in jsonb NOT NULL,
    combinations text[] NOT NULL,
    verdict text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('open', 'acknowledged', 'accepted', 'dismissed', 'resolved')),
    change double precision,
    change_ci95_low double precision,
    change_ci95_high double precision,
    change_unit text NOT NULL,
    cells integer NOT NULL,
    message text NOT NULL,
    first_campaign text NOT NULL,
    last_campaign text NOT NULL,
    opened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    clean_campaigns integer NOT NULL,
    acknowledged_by text,
    acknowledged_at timestamptz,
    acknowledged_until timestamptz,
    resolution text,
    reason text,
    resolved_by text,
    resolved_at timestamptz,
    owner text,
    reference text,
    duplicate_of text,
    reopened_count integer NOT NULL,
    last_notified_at timestamptz,
    last_notified_change double precision
);
CREATE UNIQUE INDEX alerts_live ON alerts (fingerprint)
    WHERE state IN ('open', 'acknowledged');
CREATE INDEX alerts_by_stage ON alerts (stage, state, opened_at);
COMMENT ON TABLE alerts IS
    'One cause that people are told of, and what has become of it: the fold of its events. '
    'At most one of a fingerprint is open or acknowledged. Kept for ever.';
"""

# The platform only ever adds rows: a trigger holds for the tables' owner as well, grants do not.
EVENTS = """
CREATE TABLE alert_events (
    event_id text PRIMARY KEY,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    alert_id text NOT NULL,
    fingerprint text NOT NULL,
    stage text NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    from_state text,
    to_state text,
    by text,
    reason text,
    campaign text,
    details jsonb NOT NULL,
    due_on text[] NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX alert_events_by_number ON alert_events (number);
CREATE INDEX alert_events_by_alert ON alert_events (alert_id, at);
CREATE INDEX alert_events_due ON alert_events (number) WHERE due_on <> '{}';
COMMENT ON TABLE alert_events IS
    'What happened to alerts: seen by campaigns, said by people, come with time. Rows are only '
    'added, never changed or removed. Kept for ever.';
CREATE FUNCTION lm_alert_events_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'alert_events is append-only: its rows are neither changed nor removed';
END
$$;
CREATE TRIGGER alert_events_are_kept BEFORE UPDATE OR DELETE ON alert_events
    FOR EACH STATEMENT EXECUTE FUNCTION lm_alert_events_are_kept();
"""

DELIVERIES = """
ALTER TABLE deliveries ADD COLUMN event_id text NOT NULL DEFAULT '';
ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey;
ALTER TABLE deliveries ADD PRIMARY KEY (campaign, channel, digest, event_id);
CREATE UNIQUE INDEX deliveries_by_event ON deliveries (event_id, channel) WHERE event_id <> '';
COMMENT ON COLUMN deliveries.event_id IS
    'Event of an alert that the message told; empty for a message about the platform itself';
"""

COMMENTS = {
    "alerts": {
        "alert_id": "Id by which people name it; never used again",
        "fingerprint": "What it is about, whatever the campaign and the size: of stage and place",
        "stage": "ci, nightly or weekly: alerts of one know nothing of other stages",
        "kind": "cell, dimension, common_shift, limit, or campaign where no finding stands for it",
        "metric": "Metric it is named after; empty where it is of a whole campaign",
        "metrics": "Every metric that has been worse there since it opened",
        "located_in": "Dimension values it lives in; {} is the whole matrix or single combinations",
        "combinations": "Ids of the combinations that it covers",
        "verdict": "The verdict that it stands for: regressed, data_fault or another that is told",
        "state": "open, acknowledged, accepted, dismissed or resolved; the first two are live",
        "change": "Last measured change, in change_unit",
        "change_ci95_low": "Lower end of its 95 percent interval, change_unit",
        "change_ci95_high": "Upper end of its 95 percent interval, change_unit",
        "change_unit": "Unit of change: relative (0.2 is 20 percent), points, or events per run",
        "cells": "Number of cells that it explained when last seen",
        "message": "The finding in words, as last seen",
        "first_campaign": "Campaign that opened it",
        "last_campaign": "Latest campaign that found it",
        "opened_at": "UTC time of that campaign",
        "last_seen_at": "UTC time of the latest campaign that found it",
        "clean_campaigns": "Number of campaigns in a row that found its cells in order",
        "acknowledged_by": "Who has it; NULL unless acknowledged",
        "acknowledged_at": "UTC",
        "acknowledged_until": "UTC time at which the acknowledgement ends and it is open again",
        "resolution": (
            "How it ended: recovered, accepted, noise, environment, duplicate, resolved, or "
            "withdrawn when the judgement that it rested on was replaced"
        ),
        "reason": "Why, as the last person to speak put it",
        "resolved_by": "Who settled it; NULL when a campaign did",
        "resolved_at": "UTC",
        "owner": "Who should look after it, as people said",
        "reference": "Ticket or pull request, as people said",
        "duplicate_of": "Alert that stands for this one",
        "reopened_count": "Number of times that it came back after it had ended",
        "last_notified_at": "UTC time of the last event that channels were to be told of",
        "last_notified_change": "Change at that event, in change_unit: what worse is measured by",
    },
    "alert_events": {
        "event_id": "Of the alert, the event and what caused it: a replay adds nothing twice",
        "number": "Order in which the rows were added",
        "alert_id": "Alert that it happened to",
        "fingerprint": "That of the alert: what people said is found by it after a replay",
        "stage": "ci, nightly or weekly",
        "at": "UTC time of the campaign, of the word, or at which the time was up",
        "event": (
            "opened, seen, covered, worsened, recovered, reopened, acknowledged, accepted, "
            "dismissed, resolved, expired, reminded or withdrawn"
        ),
        "from_state": "State before; NULL when it is new",
        "to_state": "State after",
        "by": "Who said it; NULL for campaigns and the clock",
        "reason": "Why, in words",
        "campaign": "Campaign that showed it; NULL for people and the clock",
        "details": "The figures of the moment, by name",
        "due_on": "Channels that are to be told of it; none for what nobody is told",
        "recorded_at": "UTC time at which the row was added",
    },
}


def upgrade() -> None:
    """Make the tables, and comment every column."""
    for part in (JUDGED_AT, ALERTS, EVENTS, DELIVERIES):
        op.execute(part)
    for table, columns in COMMENTS.items():
        for column, text in columns.items():
            op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{text}'")


def downgrade() -> None:
    """Remove the tables and what is in them."""
    op.execute(
        "DELETE FROM deliveries WHERE event_id <> '';"
        "DROP INDEX deliveries_by_event;"
        "ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey, DROP COLUMN event_id;"
        "ALTER TABLE deliveries ADD PRIMARY KEY (campaign, channel, digest);"
        "DROP TABLE alert_events, alerts; DROP FUNCTION lm_alert_events_are_kept();"
        "DROP INDEX campaigns_by_judgement; ALTER TABLE campaigns DROP COLUMN judged_at;"
    )
