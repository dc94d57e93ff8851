"""What is not known of a campaign is NULL and no count of 0; every column says what it holds."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNTS = ("combinations", "runs", "failed_runs")
# Filled by nothing: a campaign's priority is in no record.
DROP_UNUSED = "ALTER TABLE campaigns DROP COLUMN priority;"
RESTORE_UNUSED = "ALTER TABLE campaigns ADD COLUMN priority text;"

NULLABLE = "".join(
    f"ALTER TABLE campaigns ALTER COLUMN {name} DROP NOT NULL, ALTER COLUMN {name} DROP DEFAULT;\n"
    for name in _COUNTS
)
NOT_NULLABLE = """
UPDATE campaigns SET combinations = coalesce(combinations, 0), runs = coalesce(runs, 0),
    failed_runs = coalesce(failed_runs, 0);
""" + "".join(
    f"ALTER TABLE campaigns ALTER COLUMN {name} SET NOT NULL, ALTER COLUMN {name} SET DEFAULT 0;\n"
    for name in _COUNTS
)

CAMPAIGN = "Campaign id, unique for ever"
COMBINATION = "Combination id: one cell of the matrix"
METRIC = "Name of the metric, with its unit (see run_metrics.metric)"
COMMENTS = {
    "campaigns": {
        "campaign": CAMPAIGN,
        "git_sha": "Revision that was tested; NULL when the runner did not say",
        "version_labels": "Version by component, as the runner said",
        "image_digests": "Digest by image, as the runner said",
        "combinations": "Number of combinations with at least one load run; NULL when not known",
        "runs": "Number of load runs, also when they have expired; NULL when not known",
        "failed_runs": "Number of load runs with an exit code other than 0; NULL when not known",
        "notes": "Remarks of the judgement, in words",
    },
    "combinations": {"combination": COMBINATION},
    "load_runs": {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "run_id": "Load run within its campaign and combination",
        "dimensions": "Value of every dimension of the matrix by its name",
        "subject": "What was tested: git sha, version labels, image digests",
        "environment": "Fingerprint under which results are comparable, by name",
        "source_key": "Key of the object in the bucket that the run was read from",
        "source_etag": "Entity tag of that object",
    },
    "run_metrics": {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "run_id": "Load run within its campaign and combination",
    },
    "summaries": {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "metric": METRIC,
        "stddev": "Sample standard deviation, n - 1 in the denominator, in unit",
        "ci95_low": "Lower end of the 95 percent t interval of the mean, in unit",
        "ci95_high": "Upper end of the 95 percent t interval of the mean, in unit",
    },
    "verdicts": {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "metric": METRIC,
        "verdict": (
            "regressed, suspected, improved, unchanged, inconclusive, accepted_tradeoff, "
            "no_baseline, insufficient_data or data_fault"
        ),
        "decided_by": "Step of the judgement that decided",
        "flags": "What a reader should know of the cell, by short names",
        "explanation": "The numbers that the decision rests on, by name",
    },
    "findings": {
        "campaign": CAMPAIGN,
        "kind": "cell, dimension, common_shift, limit or environment_change",
        "metric": METRIC,
        "severity": "The verdict that it stands for",
        "combinations": "Ids of the combinations that it explains",
        "message": "The finding in words",
        "explanation": "The numbers that it rests on, by name",
    },
    "deliveries": {
        "campaign": "Campaign that the message is about; empty where it is about none",
        "channel": "slack or webhook",
    },
}


def upgrade() -> None:
    """Let counts be unknown, drop what was never filled, and comment every column."""
    op.execute(DROP_UNUSED + NULLABLE)
    for table, columns in COMMENTS.items():
        for column, text in columns.items():
            op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{text}'")


def downgrade() -> None:
    """Bring the columns of the revision before back; what is unknown becomes 0 there."""
    op.execute(RESTORE_UNUSED + NOT_NULLABLE)
