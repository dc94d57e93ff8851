"""Which landed campaigns are due for a run: pure arithmetic on a listing and a cursor.

A campaign is known by the digest of its objects' keys, tags, sizes and times, so late, rewritten,
deleted and same-second objects are all seen, and nothing runs twice. It is due when the runner said
that it is done, or when nothing has changed for the quiet period by *this* machine's clock: the
store's may be skewed against it. Once it is so old that its objects expire it is closed (see
``closing``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from lm_assets.collect.landing.closing import Closing, ClosingRule, Delivery, closing
from lm_assets.collect.landing.delivery import delivery_digest
from lm_assets.collect.landing.landed_objects import LandedObject, event_log_bytes
from lm_assets.gateways.bucket.object_keys import success_key
from lm_assets.gateways.object_store.protocol import ObjectInfo
from lm_assets.model.campaign import confirmed_campaign

# Longer than anything under incoming/ is kept.
_REMEMBERED = timedelta(days=90)
# A month of campaigns is listed in a second or more; most of it has not changed since its night.
_SETTLED_AFTER = timedelta(hours=1)
_LOOKED_AT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A campaign's objects as one listing saw them; of event logs the bytes as they are stored."""

    campaign: str
    digest: str
    objects: int
    event_log_bytes: int = 0
    is_complete: bool
    oldest: datetime
    newest: datetime

    @property
    def delivery(self) -> Delivery:
        """How many objects it has, and from when to when they came."""
        return Delivery(objects=self.objects, oldest=self.oldest, newest=self.newest)

    @property
    def is_confirmation(self) -> bool:
        """Whether these are fresh runs that another campaign asked for."""
        return confirmed_campaign(self.campaign) is not None

    @property
    def judged_campaign(self) -> str:
        """The campaign that is judged with these objects."""
        return confirmed_campaign(self.campaign) or self.campaign


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenLanding:
    """What the cursor remembers of a campaign: since when its digest stands, and what was run.

    ``requested_digest`` is the last digest that was decided about, ``started_with`` the objects of
    the last run that was requested; None in the cursors of earlier versions. ``requests`` counts
    the runs that were requested. Dagster never starts a run key twice, so the count is a part of
    it: a campaign that returns to an earlier content (its late object is taken away again) must be
    run again. The digest of a campaign that is gone is empty. ``looked_at`` says when the objects
    of a settled campaign were last listed.
    """

    digest: str
    since: datetime
    requested_digest: str = ""
    started_with: Delivery | None = None
    requests: int = 0
    looked_at: datetime | None = None

    def is_settled(self, now: datetime) -> bool:
        """Tell whether it was decided about, and has not changed for long."""
        return self.requested_digest == self.digest and now - self.since >= _SETTLED_AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """What one evaluation decided: who is due, who is awaited, and the cursor to keep.

    ``late`` are closed campaigns to which objects were added, ``expiring`` those that lost some:
    neither is run.
    """

    due: tuple[Landing, ...]
    waiting: tuple[Landing, ...]
    late: tuple[Landing, ...] = ()
    expiring: tuple[Landing, ...] = ()
    cursor: Mapping[str, SeenLanding] = field(default_factory=dict)

    def run_key(self, due: Landing) -> str:
        """Return the name of this request, which no other request of any campaign has."""
        return f"{due.campaign}:{due.digest}:{self.cursor[due.campaign].requests}"


def not_looked_at(cursor: Mapping[str, SeenLanding], *, now: datetime) -> frozenset[str]:
    """Return the settled campaigns whose objects need not be listed now.

    Each of them is looked at every ten minutes, so that late, rewritten and deleted objects are
    still seen; what a tick costs does not grow with the nights that are kept.
    """
    return frozenset(
        name
        for name, seen in cursor.items()
        if seen.digest
        and seen.is_settled(now)
        and seen.looked_at is not None
        and timedelta(0) <= now - seen.looked_at < _LOOKED_AT_EVERY
    )


def landings(objects: Iterable[tuple[str, LandedObject]]) -> tuple[Landing, ...]:
    """Return one landing a campaign from (campaign, object) pairs, sorted by campaign."""
    landed: dict[str, list[LandedObject]] = {}
    for campaign, item in objects:
        landed.setdefault(campaign, []).append(item)
    return tuple(_landing(campaign, landed[campaign]) for campaign in sorted(landed))


def plan_tick(
    landed: Iterable[Landing],
    cursor: Mapping[str, SeenLanding],
    *,
    now: datetime,
    quiet_period: timedelta,
    closing_rule: ClosingRule | None = None,
    passed_over: Iterable[str] = (),
) -> Tick:
    """Return which campaigns are due now.

    Of campaigns that are no longer in the listing only the count of requests is remembered, unless
    they are ``passed_over``: there, and not looked at.
    Without a ``closing_rule`` no campaign is ever closed.
    """
    decided: dict[Closing | None, list[Landing]] = {kind: [] for kind in (None, *Closing)}
    kept = {name: cursor[name] for name in passed_over}
    for landing in landed:
        seen = _seen(landing, cursor.get(landing.campaign), now)
        if seen.requested_digest != landing.digest:
            if landing.is_complete or now - seen.since >= quiet_period:
                kind = _closing(landing, seen, now, closing_rule)
                decided[kind].append(landing)
                seen = _decided(landing, seen, kind)
            else:
                decided[None].append(landing)
        kept[landing.campaign] = replace(seen, looked_at=now if seen.is_settled(now) else None)
    gone = {name: seen for name, seen in cursor.items() if name not in kept}
    return Tick(
        due=tuple(decided[Closing.OPEN]),
        waiting=tuple(decided[None]),
        late=tuple(decided[Closing.LATE]),
        expiring=tuple(decided[Closing.EXPIRING]),
        cursor=kept | _remembered(gone, now),
    )


def overdue(
    objects: Iterable[tuple[str, ObjectInfo]],
    *,
    now: datetime,
    after: timedelta,
    until: timedelta = timedelta.max,
) -> tuple[Landing, ...]:
    """Return campaigns that began to land, were never completed and have been still for long.

    Those that have been still for as long as ``until`` are left out: what says that they were
    complete may have expired.
    """
    return tuple(
        landing
        for landing in landings(objects)
        if not landing.is_complete and after <= now - landing.newest < until
    )


def encode_cursor(cursor: Mapping[str, SeenLanding]) -> str:
    """Return a cursor as text."""
    return msgspec.json.encode(cursor, order="sorted").decode()


def decode_cursor(text: str | None) -> dict[str, SeenLanding]:
    """Return the cursor a text holds; no text is an empty cursor."""
    return msgspec.json.decode(text, type=dict[str, SeenLanding]) if text else {}


def _seen(landing: Landing, before: SeenLanding | None, now: datetime) -> SeenLanding:
    if before is None:
        return SeenLanding(digest=landing.digest, since=now)
    if before.digest == landing.digest:
        return before
    return replace(before, digest=landing.digest, since=now)


def _closing(
    landing: Landing, seen: SeenLanding, now: datetime, rule: ClosingRule | None
) -> Closing:
    if rule is None:
        return Closing.OPEN
    return closing(landing.campaign, landing.delivery, seen.started_with, now=now, rule=rule)


def _decided(landing: Landing, seen: SeenLanding, kind: Closing) -> SeenLanding:
    # A closed campaign keeps what it was started with: only against that is it delivered anew.
    if kind is not Closing.OPEN:
        return replace(seen, requested_digest=landing.digest)
    return replace(
        seen,
        requested_digest=landing.digest,
        started_with=landing.delivery,
        requests=seen.requests + 1,
    )


def _remembered(gone: Mapping[str, SeenLanding], now: datetime) -> dict[str, SeenLanding]:
    counts: dict[str, SeenLanding] = {}
    for name, seen in gone.items():
        since = now if seen.digest else seen.since
        if now - since < _REMEMBERED:
            counts[name] = SeenLanding(digest="", since=since, requests=seen.requests)
    return counts


def _landing(campaign: str, landed: Sequence[LandedObject]) -> Landing:
    times = [item.last_modified for item in landed]
    return Landing(
        campaign=campaign,
        digest=delivery_digest(landed),
        objects=len(landed),
        event_log_bytes=event_log_bytes(landed),
        is_complete=any(item.key == success_key(campaign) for item in landed),
        oldest=min(times),
        newest=max(times),
    )
