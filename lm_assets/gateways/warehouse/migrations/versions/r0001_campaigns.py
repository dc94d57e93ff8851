"""Campaigns, their runs, summaries, verdicts and findings, and what was delivered."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CAMPAIGNS = """
CREATE TABLE campaigns (
    campaign text PRIMARY KEY,
    stage text,
    priority text,
    git_sha text,
    version_labels jsonb NOT NULL DEFAULT '{}',
    image_digests jsonb NOT NULL DEFAULT '{}',
    environment jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz,
    ended_at timestamptz,
    combinations integer NOT NULL DEFAULT 0,
    runs integer NOT NULL DEFAULT 0,
    failed_runs integer NOT NULL DEFAULT 0,
    verdict text,
    exit_code smallint,
    verdict_counts jsonb NOT NULL DEFAULT '{}',
    baseline_version text,
    notes text[] NOT NULL DEFAULT '{}',
    first_stored_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE campaigns IS
    'One execution of a priority of the matrix at a stage, for one subject. Kept 1 year.';
COMMENT ON COLUMN campaigns.stage IS 'ci, nightly or weekly: how strict the judgement is';
COMMENT ON COLUMN campaigns.started_at IS
    'UTC start of the earliest load run; NULL when no run says when it started';
COMMENT ON COLUMN campaigns.ended_at IS 'UTC end of the latest load run';
COMMENT ON COLUMN campaigns.environment IS 'Fingerprint under which results are comparable';
COMMENT ON COLUMN campaigns.combinations IS 'Number of combinations with at least one load run';
COMMENT ON COLUMN campaigns.runs IS 'Number of load runs';
COMMENT ON COLUMN campaigns.failed_runs IS 'Number of load runs with an exit code other than 0';
COMMENT ON COLUMN campaigns.verdict IS 'Roll-up of the verdicts; NULL until judged';
COMMENT ON COLUMN campaigns.exit_code IS
    '0 ok, 2 regression, 3 inconclusive or suspected, 4 data fault';
COMMENT ON COLUMN campaigns.verdict_counts IS 'Number of cells by verdict';
COMMENT ON COLUMN campaigns.baseline_version IS 'Content digest of the baselines judged against';
COMMENT ON COLUMN campaigns.first_stored_at IS
    'UTC time of the first row of this campaign; retention goes by it where started_at is NULL';
CREATE INDEX campaigns_by_start ON campaigns (started_at DESC);

CREATE TABLE combinations (
    combination text PRIMARY KEY,
    dimensions jsonb NOT NULL
);
COMMENT ON TABLE combinations IS 'Cells of the matrix that have been seen. Kept for ever.';
COMMENT ON COLUMN combinations.dimensions IS 'Value of every dimension by its name';
"""

RUNS = """
CREATE TABLE load_runs (
    campaign text NOT NULL,
    combination text NOT NULL,
    run_id text NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    exit_code integer,
    dimensions jsonb NOT NULL,
    subject jsonb NOT NULL,
    environment jsonb NOT NULL,
    provenance jsonb NOT NULL,
    missing jsonb NOT NULL,
    extra jsonb NOT NULL,
    source_key text NOT NULL,
    source_etag text NOT NULL,
    source_line integer NOT NULL,
    PRIMARY KEY (campaign, combination, run_id)
);
COMMENT ON TABLE load_runs IS
    'One execution of one combination in one campaign: the unit of analysis. Kept 30 days.';
COMMENT ON COLUMN load_runs.started_at IS 'UTC; NULL when unknown';
COMMENT ON COLUMN load_runs.ended_at IS 'UTC; NULL when unknown';
COMMENT ON COLUMN load_runs.exit_code IS 'Of the load run itself; 0 is success, NULL is unknown';
COMMENT ON COLUMN load_runs.missing IS 'Reason by metric, for every metric that has no value';
COMMENT ON COLUMN load_runs.provenance IS 'Source by metric, for every metric that has a value';
COMMENT ON COLUMN load_runs.extra IS 'Unknown fields of the result line, as they came';
COMMENT ON COLUMN load_runs.source_line IS 'Line of the source object, from 1';
CREATE INDEX load_runs_by_combination ON load_runs (combination, started_at);

CREATE TABLE run_metrics (
    campaign text NOT NULL,
    combination text NOT NULL,
    run_id text NOT NULL,
    metric text NOT NULL,
    tier smallint NOT NULL,
    value double precision NOT NULL,
    started_at timestamptz
) PARTITION BY RANGE (started_at);
CREATE TABLE run_metrics_undated PARTITION OF run_metrics DEFAULT;
COMMENT ON TABLE run_metrics IS
    'Long form: a row a metric that has a value. What is missing is in load_runs.missing, never a '
    'zero here. Partitions by month of started_at (UTC). Kept 30 days.';
COMMENT ON TABLE run_metrics_undated IS 'Metrics of load runs with no known start';
COMMENT ON COLUMN run_metrics.metric IS
    'Name with its unit: _s seconds, _ms milliseconds, _pct percent, _rows_s rows per second, '
    '_gib_seconds GiB times seconds, _core_seconds cores times seconds, none for events per run';
COMMENT ON COLUMN run_metrics.tier IS '1 stability, 2 efficiency, 3 performance';
COMMENT ON COLUMN run_metrics.value IS 'In the unit that the name of the metric says; finite';
COMMENT ON COLUMN run_metrics.started_at IS 'UTC start of the load run; NULL when unknown';
CREATE INDEX run_metrics_by_campaign ON run_metrics (campaign);
CREATE INDEX run_metrics_by_combination ON run_metrics (combination, metric, started_at);
"""

SUMMARIES = """
CREATE TABLE summaries (
    campaign text NOT NULL,
    combination text NOT NULL,
    metric text NOT NULL,
    unit text NOT NULL,
    n integer NOT NULL,
    n_missing integer NOT NULL,
    mean double precision,
    median double precision,
    stddev double precision,
    cv double precision,
    ci95_low double precision,
    ci95_high double precision,
    p05 double precision,
    p25 double precision,
    p75 double precision,
    p95 double precision,
    minimum double precision,
    maximum double precision,
    outlier_runs text[] NOT NULL,
    PRIMARY KEY (campaign, combination, metric)
);
COMMENT ON TABLE summaries IS
    'Descriptive statistics per campaign, combination and metric. NULL where a figure is not '
    'defined for this n. Kept 1 year.';
COMMENT ON COLUMN summaries.unit IS 'Unit of mean, median, stddev, ci95, quantiles and extremes';
COMMENT ON COLUMN summaries.n IS 'Number of load runs with a value';
COMMENT ON COLUMN summaries.n_missing IS 'Number of load runs without one';
COMMENT ON COLUMN summaries.mean IS 'In unit';
COMMENT ON COLUMN summaries.median IS 'In unit';
COMMENT ON COLUMN summaries.p05 IS '5 percent quantile, in unit';
COMMENT ON COLUMN summaries.p25 IS 'Lower quartile, in unit';
COMMENT ON COLUMN summaries.p75 IS 'Upper quartile, in unit';
COMMENT ON COLUMN summaries.p95 IS '95 percent quantile, in unit';
COMMENT ON COLUMN summaries.minimum IS 'In unit';
COMMENT ON COLUMN summaries.maximum IS 'In unit';
COMMENT ON COLUMN summaries.stddev IS 'Sample standard deviation, n - 1 in the denominator';
COMMENT ON COLUMN summaries.cv IS 'stddev / mean, a ratio';
COMMENT ON COLUMN summaries.ci95_low IS 'Lower end of the 95 percent t interval of the mean';
COMMENT ON COLUMN summaries.ci95_high IS 'Upper end of the 95 percent t interval of the mean';
COMMENT ON COLUMN summaries.outlier_runs IS 'Runs outside the 1.5 IQR fences; never removed';
CREATE INDEX summaries_by_combination ON summaries (combination, metric, campaign);
"""

VERDICTS = """
CREATE TABLE verdicts (
    campaign text NOT NULL,
    combination text NOT NULL,
    metric text NOT NULL,
    verdict text NOT NULL,
    decided_by text NOT NULL,
    change_unit text NOT NULL,
    baseline_mean double precision,
    current_mean double precision,
    change double precision,
    change_ci95_low double precision,
    change_ci95_high double precision,
    degradation double precision,
    p double precision,
    p_moderated double precision,
    q double precision,
    n_baseline integer NOT NULL,
    n_current integer NOT NULL,
    change_arithmetic double precision,
    p_arithmetic double precision,
    flags text[] NOT NULL,
    runs_needed integer,
    explanation jsonb NOT NULL,
    PRIMARY KEY (campaign, combination, metric)
);
COMMENT ON TABLE verdicts IS
    'The decision for each cell (combination and metric) of a campaign. Kept 1 year.';
COMMENT ON COLUMN verdicts.change_unit IS
    'Unit of change and degradation: relative (0.2 is 20 percent), points, or events per run';
COMMENT ON COLUMN verdicts.change IS 'Current against baseline, in change_unit';
COMMENT ON COLUMN verdicts.change_ci95_low IS 'Lower end of its 95 percent interval, change_unit';
COMMENT ON COLUMN verdicts.change_ci95_high IS 'Upper end of its 95 percent interval, change_unit';
COMMENT ON COLUMN verdicts.baseline_mean IS 'In the unit that the name of the metric says';
COMMENT ON COLUMN verdicts.current_mean IS 'In the unit that the name of the metric says';
COMMENT ON COLUMN verdicts.change_arithmetic IS
    'Of arithmetic means, in change_unit; beside change for comparison';
COMMENT ON COLUMN verdicts.p_arithmetic IS 'Welch on the untransformed values; 0 to 1';
COMMENT ON COLUMN verdicts.degradation IS
    'In change_unit; above 0 is worse whatever the direction of the metric';
COMMENT ON COLUMN verdicts.p IS 'Welch, two-sided; 0 to 1';
COMMENT ON COLUMN verdicts.p_moderated IS 'Moderated t, two-sided; 0 to 1';
COMMENT ON COLUMN verdicts.q IS 'Benjamini-Hochberg over the cells of the campaign; 0 to 1';
COMMENT ON COLUMN verdicts.n_baseline IS 'Number of baseline samples';
COMMENT ON COLUMN verdicts.n_current IS 'Number of load runs judged';
COMMENT ON COLUMN verdicts.runs_needed IS 'Number of load runs that would decide';
CREATE INDEX verdicts_by_combination ON verdicts (combination, metric, campaign);
CREATE INDEX verdicts_by_verdict ON verdicts (campaign, verdict);

CREATE TABLE findings (
    campaign text NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL,
    metric text NOT NULL,
    severity text NOT NULL,
    located_in jsonb NOT NULL,
    change double precision,
    change_ci95_low double precision,
    change_ci95_high double precision,
    change_unit text NOT NULL,
    cells integer NOT NULL,
    combinations text[] NOT NULL,
    message text NOT NULL,
    explanation jsonb NOT NULL,
    PRIMARY KEY (campaign, position)
);
COMMENT ON TABLE findings IS
    'Reported causes: a cell, or an effect that explains many cells. Kept 1 year.';
COMMENT ON COLUMN findings.position IS 'Rank within the campaign, from 0: the gravest first';
COMMENT ON COLUMN findings.located_in IS 'Dimension values it lives in; {} is the whole matrix';
COMMENT ON COLUMN findings.change_unit IS
    'Unit of change: relative (0.2 is 20 percent), points, or events per run';
COMMENT ON COLUMN findings.change IS 'In change_unit';
COMMENT ON COLUMN findings.change_ci95_low IS 'Lower end of its 95 percent interval, change_unit';
COMMENT ON COLUMN findings.change_ci95_high IS 'Upper end of its 95 percent interval, change_unit';
COMMENT ON COLUMN findings.cells IS 'Number of cells it explains';
"""

DELIVERIES = """
CREATE TABLE deliveries (
    campaign text NOT NULL,
    channel text NOT NULL,
    digest text NOT NULL,
    delivered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign, channel, digest)
);
COMMENT ON TABLE deliveries IS 'Messages that a channel has taken: none is sent a second time.';
COMMENT ON COLUMN deliveries.digest IS 'SHA-256 of the message, hexadecimal';
COMMENT ON COLUMN deliveries.delivered_at IS 'UTC';
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (CAMPAIGNS, RUNS, SUMMARIES, VERDICTS, DELIVERIES):
        op.execute(part)


def downgrade() -> None:
    """Remove the tables and what is in them."""
    op.execute(
        "DROP TABLE deliveries, findings, verdicts, summaries, run_metrics, load_runs, "
        "combinations, campaigns"
    )
