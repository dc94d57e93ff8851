"""Views for dashboards, each with a plain column of time, and totals for a year of history."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A year of a full matrix is millions of summaries; what a whole campaign used is a few rows of it.
TOTALS = """
CREATE TABLE campaign_totals (
    campaign text NOT NULL,
    metric text NOT NULL,
    unit text NOT NULL,
    combinations integer NOT NULL,
    runs integer NOT NULL,
    total double precision NOT NULL,
    mean double precision NOT NULL,
    PRIMARY KEY (campaign, metric)
);
COMMENT ON TABLE campaign_totals IS
    'Sums over a campaign''s summaries, for history over many campaigns. Kept 1 year.';
COMMENT ON COLUMN campaign_totals.campaign IS 'Campaign id, unique for ever';
COMMENT ON COLUMN campaign_totals.metric IS 'Name of the metric, with its unit';
COMMENT ON COLUMN campaign_totals.unit IS 'Unit of total and mean';
COMMENT ON COLUMN campaign_totals.combinations IS 'Number of combinations with a value';
COMMENT ON COLUMN campaign_totals.runs IS 'Number of load runs with a value';
COMMENT ON COLUMN campaign_totals.total IS 'Sum over all load runs with a value, in unit';
COMMENT ON COLUMN campaign_totals.mean IS 'Mean over combinations of their means, in unit';
INSERT INTO campaign_totals
SELECT campaign, metric, min(unit), count(*), sum(n), sum(mean * n), avg(mean)
FROM summaries WHERE mean IS NOT NULL GROUP BY campaign, metric;
"""

_VERDICTS = (
    *("regressed", "suspected", "improved", "unchanged", "inconclusive", "accepted_tradeoff"),
    *("no_baseline", "insufficient_data", "data_fault", "not_run", "confounded", "not_comparable"),
    "source_changed",
)
# A verdict without cells is a real 0 of a judged campaign, and nothing of one that is not judged.
_COUNTS = ",\n       ".join(
    f"CASE WHEN verdict IS NOT NULL THEN coalesce((verdict_counts ->> '{name}')::integer, 0) END "
    f"AS {name}"
    for name in _VERDICTS
)

CAMPAIGNS = """
CREATE VIEW dashboard_campaigns AS
SELECT coalesce(started_at, first_stored_at) AS campaign_time, campaign, stage,
       coalesce(git_sha, '') AS git_sha, coalesce(baseline_version, '') AS baseline_version,
       verdict, exit_code, combinations, runs, failed_runs, judged_at, ended_at,
       %s
FROM campaigns;
"""

RESULTS = """
CREATE VIEW dashboard_results AS
SELECT coalesce(c.started_at, c.first_stored_at) AS campaign_time, c.stage, s.campaign,
       coalesce(c.git_sha, '') AS git_sha, s.combination, d.dimensions, s.metric, s.unit, s.n,
       s.n_missing, s.mean, s.median, s.stddev, s.ci95_low, s.ci95_high, s.p05, s.p25, s.p75,
       s.p95, s.minimum, s.maximum
FROM summaries s JOIN campaigns c USING (campaign) LEFT JOIN combinations d USING (combination);

CREATE VIEW dashboard_totals AS
SELECT coalesce(c.started_at, c.first_stored_at) AS campaign_time, c.stage, t.campaign, t.metric,
       t.unit, t.combinations, t.runs, t.total, t.mean
FROM campaign_totals t JOIN campaigns c USING (campaign);

CREATE VIEW dashboard_runs AS
SELECT m.started_at AS campaign_time, c.stage, m.campaign, m.combination, m.run_id, m.metric,
       m.value
FROM run_metrics m JOIN campaigns c USING (campaign);
"""

CELLS = """
CREATE VIEW dashboard_cells AS
SELECT coalesce(c.started_at, c.first_stored_at) AS campaign_time, c.stage, v.campaign,
       v.combination, d.dimensions, v.metric, v.verdict, v.decided_by, v.change_unit,
       v.baseline_mean, v.current_mean, v.change, v.change_ci95_low, v.change_ci95_high,
       v.degradation, v.p, v.q, v.n_baseline, v.n_current, v.runs_needed, v.flags
FROM verdicts v JOIN campaigns c USING (campaign) LEFT JOIN combinations d USING (combination);

CREATE VIEW dashboard_findings AS
SELECT coalesce(c.started_at, c.first_stored_at) AS campaign_time, c.stage, f.campaign, f.position,
       f.kind, f.metric, f.severity AS verdict, f.located_in, f.change_unit, f.change,
       f.change_ci95_low, f.change_ci95_high, f.cells, f.combinations, f.message
FROM findings f JOIN campaigns c USING (campaign);
"""

# "Who has it": whoever acknowledged it, else whoever should look after it.
ALERTS = """
CREATE VIEW dashboard_alerts AS
SELECT opened_at AS campaign_time, alert_id, stage, kind, metric, verdict, state, located_in,
       combinations, cells, change_unit, change, change_ci95_low, change_ci95_high, message,
       first_campaign, last_campaign, opened_at, last_seen_at, acknowledged_at,
       acknowledged_until, resolved_at, resolution, reason, reference, reopened_count,
       coalesce(acknowledged_by, owner) AS who_has_it
FROM alerts;

CREATE VIEW dashboard_alert_events AS
SELECT recorded_at AS campaign_time, e.at, e.alert_id, e.stage, a.metric, e.event, e.from_state,
       e.to_state, e.by, e.reason, e.campaign
FROM alert_events e LEFT JOIN alerts a USING (alert_id);
"""

_VIEWS = {
    "dashboard_campaigns": "Campaigns with their number of cells by verdict",
    "dashboard_results": "Summaries with the time, stage and dimensions of what they are of",
    "dashboard_totals": "What whole campaigns used, over time",
    "dashboard_runs": "Values of single load runs, as long as they are kept",
    "dashboard_cells": "Verdicts of cells with the time, stage and dimensions of what they are of",
    "dashboard_findings": "Findings with the time and stage of their campaign",
    "dashboard_alerts": "Alerts, and who has them",
    "dashboard_alert_events": "What happened to alerts, by when it was recorded",
}


def upgrade() -> None:
    """Make the totals and the views, and let the reader read them."""
    for part in (TOTALS, CAMPAIGNS % _COUNTS, RESULTS, CELLS, ALERTS):
        op.execute(part)
    for view, text in _VIEWS.items():
        op.execute(f"COMMENT ON VIEW {view} IS '{text}. For dashboards.'")
    names = ", ".join(("campaign_totals", *_VIEWS))
    op.execute(f"GRANT SELECT ON {names} TO lm_reader")


def downgrade() -> None:
    """Remove them."""
    for view in _VIEWS:
        op.execute(f"DROP VIEW {view}")
    op.execute("DROP TABLE campaign_totals")
