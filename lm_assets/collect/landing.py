"""Which landed campaigns are due for a run: pure arithmetic on a listing and a cursor.

A campaign is known by the digest of its objects' keys and tags, so late, rewritten, deleted and
same-second objects are all seen, and nothing runs twice. It is due when the runner said that it is
done, or when nothing has changed for the quiet period by *this* machine's clock: the store's may
be skewed against it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from lm_assets.collect.landed_objects import LandedObject
from lm_assets.gateways.object_keys import success_key
from lm_assets.gateways.object_store import ObjectInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A campaign's objects as one listing saw them."""

    campaign: str
    digest: str
    objects: int
    is_complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenLanding:
    """What the cursor remembers of a campaign: since when its digest stands, and what was run."""

    digest: str
    since: datetime
    requested_digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """What one evaluation decided: who is due, who is awaited, and the cursor to keep."""

    due: tuple[Landing, ...]
    waiting: tuple[Landing, ...]
    cursor: Mapping[str, SeenLanding] = field(default_factory=dict)


def landings(objects: Iterable[tuple[str, LandedObject]]) -> tuple[Landing, ...]:
    """Return one landing a campaign from (campaign, object) pairs, sorted by campaign."""
    tags: dict[str, list[tuple[str, str]]] = {}
    for campaign, item in objects:
        tags.setdefault(campaign, []).append((item.key, item.etag))
    return tuple(_landing(campaign, tags[campaign]) for campaign in sorted(tags))


def plan_tick(
    landed: Iterable[Landing],
    cursor: Mapping[str, SeenLanding],
    *,
    now: datetime,
    quiet_period: timedelta,
) -> Tick:
    """Return which campaigns are due now.

    Campaigns that are no longer in the listing leave the cursor.
    """
    due: list[Landing] = []
    waiting: list[Landing] = []
    kept: dict[str, SeenLanding] = {}
    for landing in landed:
        before = cursor.get(landing.campaign)
        is_same = before is not None and before.digest == landing.digest
        since = before.since if before is not None and is_same else now
        requested = before.requested_digest if before is not None else ""
        if requested != landing.digest:
            if landing.is_complete or now - since >= quiet_period:
                due.append(landing)
                requested = landing.digest
            else:
                waiting.append(landing)
        kept[landing.campaign] = SeenLanding(
            digest=landing.digest, since=since, requested_digest=requested
        )
    return Tick(due=tuple(due), waiting=tuple(waiting), cursor=kept)


def overdue(
    objects: Iterable[tuple[str, ObjectInfo]], *, now: datetime, after: timedelta
) -> tuple[Landing, ...]:
    """Return campaigns that began to land, were never completed and have been still for long."""
    pairs = list(objects)
    newest: dict[str, datetime] = {}
    for campaign, item in pairs:
        newest[campaign] = max(item.last_modified, newest.get(campaign, item.last_modified))
    return tuple(
        landing
        for landing in landings(pairs)
        if not landing.is_complete and now - newest[landing.campaign] >= after
    )


def encode_cursor(cursor: Mapping[str, SeenLanding]) -> str:
    """Return a cursor as text."""
    return msgspec.json.encode(cursor, order="sorted").decode()


def decode_cursor(text: str | None) -> dict[str, SeenLanding]:
    """Return the cursor a text holds; no text is an empty cursor."""
    return msgspec.json.decode(text, type=dict[str, SeenLanding]) if text else {}


def _landing(campaign: str, tags: list[tuple[str, str]]) -> Landing:
    digest = hashlib.sha256()
    for key, etag in sorted(tags):
        digest.update(f"{len(key)}:{key}{len(etag)}:{etag}".encode())
    return Landing(
        campaign=campaign,
        digest=digest.hexdigest(),
        objects=len(tags),
        is_complete=any(key == success_key(campaign) for key, _ in tags),
    )
