"""A whole campaign from the bucket to canonical records, every source asked for every run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from lm_assets.collect.campaign_records import ReadResults, canonical_record, read_results
from lm_assets.collect.landing.closing import refuse_expired
from lm_assets.collect.landing.delivery import campaign_delivery
from lm_assets.collect.landing.landed_objects import (
    LandedCampaign,
    LandedObject,
    sort_landed_objects,
)
from lm_assets.collect.landing.manifest import (
    MAX_MANIFEST_BYTES,
    assumed_manifest,
    parse_manifest,
    too_large_manifest,
)
from lm_assets.collect.run_sources import RunSources
from lm_assets.collect.source_answers import merge_answers, nodes_of_run
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import delete_other_profiles
from lm_assets.gateways.object_store.protocol import ObjectTooLargeError
from lm_assets.model.campaign import Manifest
from lm_assets.model.combination import Matrix
from lm_assets.model.delivery import Delivery
from lm_assets.model.errors import DataFaultError, UnusableInputError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.record import QuarantinedLine, RunRecord
from lm_assets.model.visible_text import visible_text

MAX_RESULT_FILE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectedCampaign:
    """Records in (combination, delivery) order, what was refused, and what never came.

    ``absent_combinations`` are expected by the manifest and have no record. ``delivery`` is what
    landed, and what of it no record came from.
    """

    manifest: Manifest
    records: tuple[RunRecord, ...]
    quarantined: tuple[QuarantinedLine, ...]
    absent_combinations: tuple[str, ...]
    delivery: Delivery


def collect_campaign(
    campaign: str,
    *,
    bucket: CampaignBucket,
    matrix: Matrix,
    metrics: MetricCatalogue,
    now: datetime,
    closing_after: timedelta | None = None,
    sources: RunSources | None = None,
    report_progress: Callable[[str], None] = lambda _message: None,
) -> CollectedCampaign:
    """Return everything that a campaign's landed objects say.

    ``sources`` are what is asked beside the result lines; the delivered objects alone unless given.

    Nothing here raises for what was delivered: a refused line, object or manifest is in
    ``quarantined``. An outage of the store raises, so that a half-read campaign is never stored,
    and so does a campaign older than ``closing_after`` of which a part has expired.
    """
    objects = bucket.landed(campaign)
    if closing_after is not None:
        refuse_expired(campaign, objects, bucket=bucket, now=now, closing_after=closing_after)
    landed = sort_landed_objects(campaign, objects)
    manifest, refused_manifest = campaign_manifest(bucket, campaign)
    results = landed_results(landed, bucket=bucket, matrix=matrix, metrics=metrics)
    report_progress(f"{len(results.runs)} load runs, {len(results.quarantined)} refused")

    answers = (sources or RunSources(store=bucket.store)).ask(
        results.runs, landed, now=now, report_progress=report_progress
    )
    records = tuple(
        canonical_record(
            run,
            manifest=manifest,
            metrics=metrics,
            measurements=[merge_answers(answered, metrics=metrics)],
            source_notes={a.source: a.notes for a in answered if a.notes},
            behaviour=next((a.behaviour for a in answered if a.behaviour), None),
            nodes=nodes_of_run(answered),
        )
        for run, answered in zip(results.runs, answers, strict=True)
    )
    quarantined = (*refused_manifest, *results.quarantined)
    kept = [answer.profile_key for answered in answers for answer in answered]
    delete_other_profiles(bucket.store, campaign, filter(None, kept))
    return CollectedCampaign(
        manifest=manifest,
        records=records,
        quarantined=quarantined,
        absent_combinations=_absent(manifest, records),
        delivery=campaign_delivery(
            campaign,
            objects,
            is_complete=landed.is_complete,
            matrix=matrix,
            records=records,
            quarantined=quarantined,
        ),
    )


def landed_results(
    landed: LandedCampaign, *, bucket: CampaignBucket, matrix: Matrix, metrics: MetricCatalogue
) -> ReadResults:
    """Return the load runs that a campaign's result files in the bucket hold."""
    return read_results(landed, matrix=matrix, read=partial(_read_results, bucket), metrics=metrics)


def campaign_manifest(
    bucket: CampaignBucket, campaign: str
) -> tuple[Manifest, tuple[QuarantinedLine, ...]]:
    """Return a campaign's manifest, or what its name says, with the refusal of a broken one.

    Raises
    ------
    DataFaultError
        When nothing of the campaign is under ``incoming/``: the stage of a campaign that has
        expired must not be guessed from its name.
    """
    try:
        content = bucket.manifest(campaign, max_bytes=MAX_MANIFEST_BYTES)
    except ObjectTooLargeError as error:
        refusal = too_large_manifest(str(error))
        return assumed_manifest(campaign), (_refused_manifest(campaign, refusal, ""),)
    if content is None:
        if not bucket.landed(campaign):
            raise DataFaultError(
                f"nothing of campaign {campaign!r} is under incoming/: it has not landed or has "
                "expired; what was stored of it stays as it is"
            )
        return assumed_manifest(campaign), ()
    try:
        return parse_manifest(content, campaign=campaign), ()
    except UnusableInputError as refusal:
        whole = content.decode("utf-8", errors="backslashreplace")
        return assumed_manifest(campaign), (_refused_manifest(campaign, refusal, whole),)


def _refused_manifest(campaign: str, refusal: UnusableInputError, content: str) -> QuarantinedLine:
    return QuarantinedLine(
        campaign=campaign,
        key=object_keys.manifest_key(campaign),
        line=None,
        rule=refusal.rule,
        detail=visible_text(refusal.detail),
        content=content,
    )


def _read_results(bucket: CampaignBucket, item: LandedObject) -> bytes:
    try:
        return bucket.store.read(item.key, max_bytes=MAX_RESULT_FILE_BYTES)
    except ObjectTooLargeError as error:
        raise UnusableInputError("object_too_large", str(error)) from error


def _absent(manifest: Manifest, records: tuple[RunRecord, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(manifest.expected_combinations) - {r.combination for r in records}))
