"""The warehouse made again from the bucket, one campaign after the other.

Each campaign is read whole and written by the same transactions as its own run, so a rebuild may
be cut off anywhere and repeated, and campaigns may be run while it is under way.
"""

from dataclasses import dataclass

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import KeptObjects, kept_objects
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.gateways.warehouse.errors import WarehouseError
from lm_assets.gateways.warehouse.partitions import months_of
from lm_assets.gateways.warehouse.warehouse import Warehouse
from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict

_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuiltCampaign:
    """What a rebuild found of a campaign and made rows of; None where there is no object.

    ``expected_runs`` is the number of runs that the campaign had, None when nothing says;
    ``has_facts`` whether its subject, times and counts are known; ``kept_rows`` the tables whose
    rows no object stands behind: they were left as they were.
    """

    campaign: str
    runs: int | None
    expected_runs: int | None
    has_facts: bool
    summaries: int | None
    cells: int | None
    findings: int | None
    kept_rows: tuple[str, ...]

    @property
    def is_partial(self) -> bool:
        """Whether some of its records, and not all of them, are gone."""
        return (
            bool(self.runs) and self.expected_runs is not None and self.runs != self.expected_runs
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    """A campaign's objects, read; None where there is none, and where nothing tells the facts."""

    records: list[RunRecord]
    facts: CampaignFacts | None
    summaries: list[MetricSummary] | None
    verdict: CampaignVerdict | None

    @property
    def has_all_records(self) -> bool:
        """Whether these are all the records that the campaign had."""
        return self.facts is not None and self.facts.runs == len(self.records)


def rebuild_campaign(
    campaign: str, *, bucket: CampaignBucket, warehouse: Warehouse, dry_run: bool = False
) -> RebuiltCampaign:
    """Make a campaign's rows again from its objects and return what was found.

    With ``dry_run`` the objects are read and checked, and nothing is written.

    Raises
    ------
    DataFaultError
        When the bucket holds nothing of the campaign, or an object is broken.
    WarehouseError
        When the rows are refused (by a dry run too), or a run of the campaign writes faster than
        it can be read.
    """
    for _ in range(_ATTEMPTS):
        before = kept_objects(bucket, campaign)
        if not before.objects:
            raise DataFaultError(
                f"the bucket holds nothing of campaign {campaign!r} under raw/ and aggregated/"
            )
        try:
            content = _read(bucket, before)
        except ObjectNotFoundError:
            continue
        kept_rows = _kept_rows(warehouse, campaign, content)
        if not dry_run:
            _write(warehouse, before, content, kept_rows)
        # A run writes its objects first: unchanged objects mean that no newer rows were undone.
        if kept_objects(bucket, campaign) == before:
            return _rebuilt(campaign, content, kept_rows)
    raise WarehouseError(f"campaign {campaign!r} is being written by a run; repeat the rebuild")


def campaigns_without_objects(warehouse: Warehouse, kept: set[str]) -> list[str]:
    """Return the campaigns in the warehouse of which the bucket holds nothing; they are left."""
    return sorted(set(warehouse.campaigns()) - kept)


def _read(bucket: CampaignBucket, kept: KeptObjects) -> _Content:
    campaign = kept.campaign
    has_summaries = kept.has(object_keys.summaries_key(campaign))
    has_verdict = kept.has(object_keys.verdicts_key(campaign))
    records, facts = bucket.records_left(campaign), bucket.facts(campaign)
    # Refused here as well: a dry run must find what the writing would.
    months_of((record.started_at for record in records), campaign=campaign)
    if facts is None and records:
        facts = CampaignFacts.of_records(campaign, records)
    return _Content(
        records=records,
        facts=facts,
        summaries=bucket.summaries(campaign) if has_summaries else None,
        verdict=campaign_verdict(bucket.verdict_rows(campaign)) if has_verdict else None,
    )


def _kept_rows(warehouse: Warehouse, campaign: str, content: _Content) -> tuple[str, ...]:
    """Return the tables with rows that would be lost if they were made from what is there."""
    counts = warehouse.row_counts(campaign)
    kept = []
    if not content.has_all_records and counts["load_runs"] >= max(1, len(content.records)):
        kept.append("load_runs")
    if content.summaries is None and counts["summaries"]:
        kept.append("summaries")
    if content.verdict is None and counts["verdicts"] + counts["findings"]:
        kept.append("verdicts")
    return tuple(kept)


def _write(
    warehouse: Warehouse, kept: KeptObjects, content: _Content, kept_rows: tuple[str, ...]
) -> None:
    campaign = kept.campaign
    warehouse.ensure_campaign(campaign, first_stored_at=kept.stored_from)
    has_records = bool(content.records) or content.has_all_records
    if has_records and "load_runs" not in kept_rows:
        warehouse.replace_runs(campaign, content.records)
    if content.facts is not None:
        warehouse.record_facts(content.facts)
    if content.summaries is not None:
        warehouse.replace_summaries(campaign, content.summaries)
    if content.verdict is not None:
        judged_at = kept.written_at(object_keys.verdicts_key(campaign))
        warehouse.replace_verdict(content.verdict, judged_at=judged_at)


def _rebuilt(campaign: str, content: _Content, kept_rows: tuple[str, ...]) -> RebuiltCampaign:
    has_records = bool(content.records) or content.has_all_records
    return RebuiltCampaign(
        campaign=campaign,
        runs=len(content.records) if has_records else None,
        expected_runs=None if content.facts is None else content.facts.runs,
        has_facts=content.facts is not None,
        summaries=None if content.summaries is None else len(content.summaries),
        cells=None if content.verdict is None else len(content.verdict.cells),
        findings=None if content.verdict is None else len(content.verdict.findings),
        kept_rows=kept_rows,
    )
