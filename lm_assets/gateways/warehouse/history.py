"""Campaigns over time, as reports, trends and dashboards ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPoint:
    """One metric of one combination in one campaign. Figures are in ``unit``.

    ``started_at`` is the start of the campaign's first load run, None when unknown; ``sources``
    are what measured its runs, none where nobody said.
    """

    campaign: str
    started_at: datetime | None
    git_sha: str | None
    combination: str
    metric: str
    unit: str
    n: int
    mean: float | None
    median: float | None
    stddev: float | None
    cv: float | None
    ci95_low: float | None
    ci95_high: float | None
    verdict: str | None
    sources: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignOverview:
    """One campaign, and what became of it; ``verdict`` is None until it is judged.

    The counts are None where nothing says how many runs there were.
    """

    campaign: str
    stage: str | None
    git_sha: str | None
    started_at: datetime | None
    ended_at: datetime | None
    combinations: int | None
    runs: int | None
    failed_runs: int | None
    verdict: str | None
    exit_code: int | None


# A campaign with no known start stands where it was first stored.
OF_COMBINATION = """
SELECT s.campaign, c.started_at, c.git_sha, s.combination, s.metric, s.unit, s.n, s.mean,
       s.median, s.stddev, s.cv, s.ci95_low, s.ci95_high, v.verdict,
       s.sources
FROM summaries s
JOIN campaigns c USING (campaign)
LEFT JOIN verdicts v USING (campaign, combination, metric)
WHERE s.combination = %(combination)s
  AND (%(metrics)s::text[] IS NULL OR s.metric = ANY (%(metrics)s::text[]))
  AND s.campaign IN (
      SELECT k.campaign FROM campaigns k
      WHERE EXISTS (SELECT FROM summaries e
                    WHERE e.campaign = k.campaign AND e.combination = %(combination)s)
      ORDER BY coalesce(k.started_at, k.first_stored_at) DESC LIMIT %(campaigns)s)
ORDER BY coalesce(c.started_at, c.first_stored_at), s.campaign, s.combination, s.metric"""

OF_METRIC = """
SELECT s.campaign, c.started_at, c.git_sha, s.combination, s.metric, s.unit, s.n, s.mean,
       s.median, s.stddev, s.cv, s.ci95_low, s.ci95_high, v.verdict,
       s.sources
FROM summaries s
JOIN campaigns c USING (campaign)
LEFT JOIN verdicts v USING (campaign, combination, metric)
WHERE s.metric = %(metric)s
  AND s.campaign IN (
      SELECT k.campaign FROM campaigns k
      ORDER BY coalesce(k.started_at, k.first_stored_at) DESC LIMIT %(campaigns)s)
ORDER BY coalesce(c.started_at, c.first_stored_at), s.campaign, s.combination, s.metric"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellPoint:
    """One metric of one combination in one earlier campaign, with what was under test."""

    campaign: str
    versions: str
    combination: str
    metric: str
    n: int
    mean: float
    verdict: str | None
    sources: list[str]


# What stands before a campaign does not change with those that follow it.
BEFORE_CAMPAIGN = """
WITH earlier AS (
    SELECT campaign, version_labels, coalesce(started_at, first_stored_at) AS began
    FROM campaigns
    WHERE stage = %(stage)s AND campaign <> %(campaign)s
      AND coalesce(started_at, first_stored_at) < %(before)s
    ORDER BY began DESC, campaign DESC LIMIT %(campaigns)s)
SELECT s.campaign,
       (SELECT coalesce(string_agg(value, ' ' ORDER BY key), '')
        FROM jsonb_each_text(e.version_labels)) AS versions,
       s.combination, s.metric, s.n, s.mean, v.verdict, s.sources
FROM earlier e
JOIN summaries s USING (campaign)
JOIN unnest(%(combinations)s::text[], %(metrics)s::text[]) AS wanted (combination, metric)
  ON wanted.combination = s.combination AND wanted.metric = s.metric
LEFT JOIN verdicts v ON v.campaign = s.campaign AND v.combination = s.combination
  AND v.metric = s.metric
WHERE s.mean IS NOT NULL
ORDER BY e.began, s.campaign, s.combination, s.metric"""

RECENT_CAMPAIGNS = """
SELECT campaign, stage, git_sha, started_at, ended_at, combinations, runs, failed_runs, verdict,
       exit_code
FROM campaigns ORDER BY coalesce(started_at, first_stored_at) DESC, campaign LIMIT %(limit)s"""


def of_combination(
    connection: psycopg.Connection, combination: str, metrics: Sequence[str] | None, campaigns: int
) -> list[HistoryPoint]:
    """Return the latest summaries of a combination, the oldest first."""
    asked = None if metrics is None else list(metrics)
    with connection.cursor(row_factory=class_row(HistoryPoint)) as cursor:
        parameters = {"combination": combination, "metrics": asked, "campaigns": campaigns}
        return cursor.execute(OF_COMBINATION, parameters).fetchall()


def of_metric(connection: psycopg.Connection, metric: str, campaigns: int) -> list[HistoryPoint]:
    """Return the latest summaries of a metric for every combination, the oldest first."""
    with connection.cursor(row_factory=class_row(HistoryPoint)) as cursor:
        return cursor.execute(OF_METRIC, {"metric": metric, "campaigns": campaigns}).fetchall()


def recent_campaigns(connection: psycopg.Connection, limit: int) -> list[CampaignOverview]:
    """Return the latest campaigns, the newest first."""
    with connection.cursor(row_factory=class_row(CampaignOverview)) as cursor:
        return cursor.execute(RECENT_CAMPAIGNS, {"limit": limit}).fetchall()


def before_campaign(
    connection: psycopg.Connection,
    cells: Sequence[tuple[str, str]],
    *,
    campaign: str,
    stage: str,
    before: datetime,
    campaigns: int,
) -> list[CellPoint]:
    """Return cells (combination, metric) in the campaigns before one, the oldest first."""
    parameters = {
        "combinations": [combination for combination, _ in cells],
        "metrics": [metric for _, metric in cells],
        "campaign": campaign,
        "stage": stage,
        "before": before,
        "campaigns": campaigns,
    }
    with connection.cursor(row_factory=class_row(CellPoint)) as cursor:
        return cursor.execute(BEFORE_CAMPAIGN, parameters).fetchall()
