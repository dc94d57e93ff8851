"""The index over campaigns in the bucket: a card for each campaign, and the pages made from them.

``reports/index.html`` shows the newest campaigns and leads to a page for each month. A page is
made anew only when its cards, or what it leads to, have changed: a campaign pays for the pages
that it stands on, however many are kept. What retention has taken is gone from the pages with the
next rebuild.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby

import msgspec

from lm_assets.gateways.bucket import index_keys, object_keys
from lm_assets.gateways.bucket.record_json import from_jsonl, to_jsonl
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectNotFoundError, ObjectStore
from lm_assets.gateways.object_store.read_ahead import read_ahead
from lm_assets.model.campaign_card import CampaignCard

MOST_ON_FRONT_PAGE = 100
MOST_ON_MONTH_PAGE = 100

_HTML = "text/html; charset=utf-8"
_UNKNOWN_TIME = "00000000T000000Z"
_UNDATED = "undated"
_ATTEMPTS = 5

Rendered = Callable[["IndexPage", Sequence[CampaignCard]], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class CardObject:
    """A card as a listing shows it; keys of cards sort by the time of their campaigns.

    ``identity`` changes with its content.
    """

    key: str
    identity: str
    campaign: str
    month: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPage:
    """One page: its key, its cards with the oldest first, and how many the whole index has.

    ``links`` are text and address of the pages that it leads to; ``to_reports`` leads from it to
    the folder of the reports.
    """

    key: str
    name: str
    title: str
    cards: tuple[CardObject, ...]
    links: tuple[tuple[str, str], ...]
    to_reports: str
    campaigns: int

    def digest(self, version: str) -> str:
        """Return what changes whenever the page would be another one."""
        seen = [version, self.title, self.links, self.campaigns]
        seen += [(card.key, card.identity) for card in self.cards]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuiltIndex:
    """How many campaigns the index has, and the keys of the pages that were written and removed."""

    campaigns: int
    written: tuple[str, ...]
    removed: tuple[str, ...]


def write_card(store: ObjectStore, card: CampaignCard) -> str:
    """Put a campaign's card in place of any other of it, and return its key.

    One that is there already stays as it is: pages know their cards by the time of them as well,
    and would be taken for older than they are.
    """
    key, content = _card_key(card), to_jsonl([card])
    if not store.exists(key) or store.read(key) != content:
        store.write(key, content, content_type="application/json")
    for other in card_objects(store):
        if other.campaign == card.campaign and other.key != key:
            store.delete(other.key)
    return key


def card_objects(store: ObjectStore) -> list[CardObject]:
    """Return the cards that there are, the oldest campaign first."""
    return [_card_object(item) for item in store.list(index_keys.CARDS)]


def rebuild_index(store: ObjectStore, *, render: Rendered, version: str) -> RebuiltIndex:
    """Bring the pages of the index to its cards.

    It may be cut off anywhere and repeated. Of two at a time, the one that writes last has seen
    every card that was there when it began to write, or begins again.

    Parameters
    ----------
    render : callable
        Makes a page's HTML from its cards.
    version : str
        Of the rendering: pages of another version are made anew.

    Raises
    ------
    DataFaultError
        When a card cannot be read, naming its key.
    """
    written: list[str] = []
    removed: list[str] = []
    for _ in range(_ATTEMPTS):
        cards = card_objects(store)
        changed, gone = _bring_to(store, planned_pages(cards), render, version)
        written += changed
        removed += gone
        if card_objects(store) == cards:
            break
    return RebuiltIndex(
        campaigns=len(cards), written=tuple(dict.fromkeys(written)), removed=tuple(removed)
    )


def planned_pages(cards: Sequence[CardObject]) -> list[IndexPage]:
    """Return the pages that cards make, the oldest first: the front page, then the months'.

    A month of many campaigns has several pages, of which all but its last stay as they are.
    """
    pages = [
        _month_page(f"{month}.{number}" if number > 1 else month, part)
        for month, of_month in groupby(cards, key=lambda card: card.month)
        for number, part in enumerate(_parts(tuple(of_month)), start=1)
    ]
    front = IndexPage(
        key=index_keys.FRONT_PAGE,
        name="the newest",
        title="Load-test campaigns",
        cards=tuple(cards[-MOST_ON_FRONT_PAGE:]),
        links=tuple(
            (f"{page.name} ({page.campaigns})", page.key.removeprefix(object_keys.REPORTS))
            for page in reversed(pages)
        ),
        to_reports="",
        campaigns=len(cards),
    )
    return [front, *pages]


def _parts(cards: tuple[CardObject, ...]) -> Iterator[tuple[CardObject, ...]]:
    for start in range(0, len(cards), MOST_ON_MONTH_PAGE):
        yield cards[start : start + MOST_ON_MONTH_PAGE]


def _month_page(name: str, cards: tuple[CardObject, ...]) -> IndexPage:
    return IndexPage(
        key=index_keys.page_key(name),
        name=name,
        title=f"Load-test campaigns of {name}",
        cards=cards,
        links=(("the newest campaigns", "../../index.html"),),
        to_reports="../../",
        campaigns=len(cards),
    )


def _bring_to(
    store: ObjectStore, pages: Sequence[IndexPage], render: Rendered, version: str
) -> tuple[list[str], list[str]]:
    """Write the pages that are not as they should be and remove those that should not be."""
    there = {item.key for item in store.list(index_keys.PAGES)}
    if store.exists(index_keys.FRONT_PAGE):
        there.add(index_keys.FRONT_PAGE)
    before = _known_digests(store)
    digests = {page.key: page.digest(version) for page in pages}
    stale = [p for p in pages if p.key not in there or before.get(p.key) != digests[p.key]]
    for page in stale:
        store.write(page.key, render(page, list(_cards(store, page))), content_type=_HTML)
    gone = sorted(there - digests.keys())
    for key in gone:
        store.delete(key)
    if before != digests:
        content = msgspec.json.encode(digests, order="sorted")
        store.write(index_keys.DIGESTS, content, content_type="application/json")
    return [page.key for page in stale], gone


def _cards(store: ObjectStore, page: IndexPage) -> Iterator[CampaignCard]:
    for key, content in read_ahead(store.read, (card.key for card in page.cards)):
        try:
            yield from from_jsonl(content.result(), CampaignCard, source=key)
        except ObjectNotFoundError:
            continue  # taken since the listing, which is therefore done again


def _known_digests(store: ObjectStore) -> Mapping[str, str]:
    """Return what the pages were made from; none where nobody can say, and all are made anew."""
    try:
        return msgspec.json.decode(store.read(index_keys.DIGESTS), type=dict[str, str])
    except (ObjectNotFoundError, msgspec.MsgspecError):
        return {}


def _card_key(card: CampaignCard) -> str:
    moment = card.started_at
    time = _UNKNOWN_TIME if moment is None else f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return index_keys.card_key(time, card.campaign)


def _card_object(item: ObjectInfo) -> CardObject:
    name = item.key.removeprefix(index_keys.CARDS).removesuffix(".json")
    time, _, campaign = name.partition("_")
    month = _UNDATED if time == _UNKNOWN_TIME else f"{time[:4]}-{time[4:6]}"
    # A tag alone is not enough: some stores give none, or one and the same for other content.
    identity = f"{item.etag} {item.size} {item.last_modified.isoformat()}"
    return CardObject(key=item.key, identity=identity, campaign=campaign, month=month)
