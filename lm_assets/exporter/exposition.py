"""What a scrape gets: the warehouse's families, kept until it changes, and the exporter's own."""

import gzip
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from lm_assets.exporter.alert_families import alert_families
from lm_assets.exporter.budget import Budgeted, within_limit
from lm_assets.exporter.campaign_families import campaign_families
from lm_assets.exporter.family_text import ClientFamily, Family
from lm_assets.exporter.own_families import OwnState, own_families
from lm_assets.exporter.result_families import result_families
from lm_assets.exporter.settings import ExporterSettings
from lm_assets.gateways.clock import Clock
from lm_assets.model.errors import LmError
from lm_assets.model.standing import Standing

# The last level of compression costs three times the first and saves a tenth.
_COMPRESSION = 1


class StandingSource(Protocol):
    """Where what stands now is read. Every method raises `LmError` when it cannot be."""

    def change_token(self) -> object:
        """Return what is another value whenever `standing` would give something else."""
        ...

    def standing(self) -> Standing:
        """Return what stands now, read at one moment."""
        ...

    def oldest_undelivered(self) -> Mapping[str, datetime]:
        """Return, by channel, since when the oldest message waits that it has not taken."""
        ...


class HeartbeatSource(Protocol):
    """Where the heartbeats of Dagster's daemons are read. Raises `LmError` when they cannot be."""

    def heartbeats(self) -> Mapping[str, datetime]:
        """Return the last heartbeat of each daemon by its name."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """The answer for one change token; after ``until`` some results in it are too old to tell."""

    token: object
    until: datetime | None
    budgeted: Budgeted
    plain: bytes
    compressed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One scrape's body, in two parts that belong one behind the other; each part is whole gzip."""

    is_warehouse_up: bool
    plain: tuple[bytes, ...]
    compressed: tuple[bytes, ...]


class Exposition:
    """Makes the answers. Where the warehouse cannot be read, only the exporter's own families.

    Results that were read before an outage are never told during it: absence is the truth, and the
    rules bridge it.

    Parameters
    ----------
    source : StandingSource
        Read under a lock, by one thread at a time.
    heartbeats : HeartbeatSource, optional
        None where Dagster's database is not known.
    limit : int
        Most series of the warehouse's families.
    """

    def __init__(
        self,
        source: StandingSource,
        settings: ExporterSettings,
        *,
        clock: Clock,
        limit: int,
        version: str,
        heartbeats: HeartbeatSource | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._limit = limit
        self._version = version
        self._heartbeats = heartbeats
        self._lock = Lock()
        self._kept: _Kept | None = None
        self._read_at: datetime | None = None
        self.fault = ""

    def answer(self) -> Answer:
        """Return what a scrape gets now."""
        with self._lock:
            begun = time.perf_counter()
            kept, undelivered = self._warehouse()
            daemons = self._daemons()
            own = _rendered(
                map(
                    ClientFamily,
                    own_families(
                        OwnState(
                            version=self._version,
                            is_warehouse_up=kept is not None,
                            read_at=self._read_at,
                            dropped=self._kept.budgeted.dropped if self._kept else {},
                            series=kept.budgeted.series if kept else 0,
                            limit=self._limit,
                            undelivered=undelivered,
                            heartbeats=daemons,
                            asks_dagster=self._heartbeats is not None,
                            duration_s=time.perf_counter() - begun,
                        )
                    ),
                )
            )
        parts = (kept,) if kept else ()
        return Answer(
            is_warehouse_up=kept is not None,
            plain=(own, *(k.plain for k in parts)),
            compressed=(_zipped(own), *(k.compressed for k in parts)),
        )

    def is_ready(self) -> bool:
        """Tell whether the warehouse can be read now."""
        with self._lock:
            return self._warehouse()[0] is not None

    def _warehouse(self) -> tuple[_Kept | None, Mapping[str, datetime]]:
        now = self._clock.now()
        try:
            token = self._source.change_token()
            if not self._holds(token, now):
                # Released first: two of them at once would double the memory.
                self._kept = None
                self._kept = self._made(token, self._source.standing(), now)
            undelivered = self._source.oldest_undelivered()
        except LmError as error:
            self.fault = str(error)
            return None, {}
        self.fault, self._read_at = "", now
        return self._kept, undelivered

    def _holds(self, token: object, now: datetime) -> bool:
        kept = self._kept
        return kept is not None and kept.token == token and (kept.until is None or now < kept.until)

    def _made(self, token: object, standing: Standing, now: datetime) -> _Kept:
        budgeted = within_limit(
            (
                *map(ClientFamily, campaign_families(standing, self._settings, now=now)),
                *map(ClientFamily, alert_families(standing)),
                *result_families(standing, self._settings, now=now),
            ),
            limit=self._limit,
        )
        plain = _rendered(budgeted.families)
        # The samples are many times the size of the text, and nobody asks for them again.
        return _Kept(
            token=token,
            until=_next_expiry(standing, self._settings, now),
            budgeted=Budgeted(families=(), dropped=budgeted.dropped, series=budgeted.series),
            plain=plain,
            compressed=_zipped(plain),
        )

    def _daemons(self) -> Mapping[str, datetime] | None:
        if self._heartbeats is None:
            return None
        try:
            return self._heartbeats.heartbeats()
        except LmError:
            return None


def _next_expiry(standing: Standing, settings: ExporterSettings, now: datetime) -> datetime | None:
    """Return when the first of the results that are told now becomes too old."""
    ends = [
        c.stored_at + settings.stages[c.stage].shown_for + timedelta(seconds=1)
        for c in standing.campaigns
        if c.stage in settings.stages
    ]
    return min((end for end in ends if end > now), default=None)


def _rendered(families: Iterable[Family]) -> bytes:
    return b"".join([family.text() for family in families])


def _zipped(part: bytes) -> bytes:
    # Without the time of day, so that the same families are the same bytes.
    return gzip.compress(part, _COMPRESSION, mtime=0)
