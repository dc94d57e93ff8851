"""The event log that was delivered with a load run, or the profile in its place."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from lm_assets.collect.campaign_records import LandedRun
from lm_assets.collect.landing.landed_objects import LandedCampaign, LandedObject
from lm_assets.collect.source_answers import EVENT_LOG, SourceAnswer, failed_source
from lm_assets.collect.spark.event_log import EventLogPart
from lm_assets.collect.spark.metrics import APPLICATION_METRICS
from lm_assets.collect.spark.sources import ask_event_log, ask_profile
from lm_assets.gateways.bucket.causes import write_profile
from lm_assets.gateways.bucket.profile_json import MAX_PROFILE_BYTES
from lm_assets.gateways.object_store.protocol import ObjectStore, ObjectTooLargeError


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveredLog:
    """The objects of one run's event log, and the profile that may stand in its place."""

    parts: tuple[LandedObject, ...] = ()
    profile: LandedObject | None = None

    @property
    def digest(self) -> str:
        """Digest of what the objects are: other content has another one."""
        digest = hashlib.sha256()
        for item in (*self.parts, *([self.profile] if self.profile else ())):
            digest.update(f"{len(item.key)}:{item.key}{len(item.etag)}:{item.etag}".encode())
            digest.update(f"{item.size}:{item.last_modified.isoformat()}".encode())
        return digest.hexdigest()

    @property
    def size_bytes(self) -> int:
        """How many bytes the log has, as it is stored."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLog:
    """What one run's log said, and the digest of the log that said it."""

    combination: str
    run_id: str
    digest: str
    answer: SourceAnswer


# By combination and run.
LogsRead = Mapping[tuple[str, str], ReadLog]


def delivered_log(run: LandedRun, landed: LandedCampaign) -> DeliveredLog:
    """Return what was delivered of a run's event log; it may be nothing."""
    place = (run.folder, run.line.run_id)
    return DeliveredLog(
        parts=tuple(landed.event_logs.get(place, ())), profile=landed.profiles.get(place)
    )


def ask_delivered_log(store: ObjectStore, log: DeliveredLog) -> SourceAnswer:
    """Return what a delivered log says; what is not there or cannot be read gives reasons."""
    if not log.parts and log.profile is not None:
        return _delivered_profile(store, log.profile)
    if not log.parts:
        reason = "none was delivered"
        return failed_source(EVENT_LOG, APPLICATION_METRICS, asked="nothing", reason=reason)
    with ExitStack() as opened:
        return ask_event_log(
            [
                EventLogPart(
                    name=part.key,
                    open=partial(lambda key: opened.enter_context(store.open(key)), part.key),
                )
                for part in log.parts
            ]
        )


def with_profile_kept(
    answers: Sequence[SourceAnswer], run: LandedRun, *, store: ObjectStore, campaign: str
) -> list[SourceAnswer]:
    """Store the profile of the first source that has one; hold none of them in memory.

    A campaign's profiles together may be larger than this process should be.
    """
    first = next((answer for answer in answers if answer.profile or answer.profile_key), None)
    key = first.profile_key if first else None
    if first is not None and key is None:
        key = write_profile(
            store,
            campaign=campaign,
            combination=run.combination.id,
            run_id=run.line.run_id,
            content=first.profile,
        )
    return [replace(answer, profile=b"", profile_key=key) for answer in answers]


def _delivered_profile(store: ObjectStore, profile: LandedObject) -> SourceAnswer:
    try:
        content = store.read(profile.key, max_bytes=MAX_PROFILE_BYTES)
    except ObjectTooLargeError as error:
        reason = str(error)
        return failed_source(EVENT_LOG, APPLICATION_METRICS, asked=profile.key, reason=reason)
    return ask_profile(content, name=profile.key)
