"""The index in the bucket: what is written when, and what is left when it is cut off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from lm_assets.gateways.bucket import campaign_index, index_keys
from lm_assets.gateways.bucket.campaign_index import (
    IndexPage,
    RebuiltIndex,
    planned_pages,
    rebuild_index,
    write_card,
)
from lm_assets.model.campaign_card import CampaignCard
from lm_assets.model.errors import DataFaultError
from lm_assets_tests.builders import STARTED, a_card
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

NOVEMBER = index_keys.page_key("2026-11")
DECEMBER = index_keys.page_key("2026-12")
FRONT = index_keys.FRONT_PAGE


def names(page: IndexPage, cards: Sequence[CampaignCard]) -> bytes:
    return f"{page.title}: {' '.join(card.campaign for card in cards)}".encode()


def rebuilt(store: InMemoryObjectStore, **changes: object) -> RebuiltIndex:
    return rebuild_index(store, **{"render": names, "version": "1", **changes})


@pytest.fixture
def store() -> InMemoryObjectStore:
    """One campaign in November, one in December."""
    store = InMemoryObjectStore()
    write_card(store, a_card("first"))
    write_card(store, a_card("second", started_at=STARTED + timedelta(days=20)))
    return store


def pages(store: InMemoryObjectStore) -> dict[str, str]:
    return {
        key: stored.data.decode() for key, stored in store.objects.items() if key.endswith(".html")
    }


def test_the_front_page_and_each_month_show_their_campaigns_in_order(store):
    rebuilt(store)
    assert pages(store) == {
        FRONT: "Load-test campaigns: first second",
        NOVEMBER: "Load-test campaigns of 2026-11: first",
        DECEMBER: "Load-test campaigns of 2026-12: second",
    }


def test_a_repetition_writes_nothing(store):
    rebuilt(store)
    before = dict(store.objects)
    assert rebuilt(store) == RebuiltIndex(campaigns=2, written=(), removed=())
    assert store.objects == before


def test_a_new_campaign_writes_the_pages_that_it_stands_on_and_no_other(store):
    rebuilt(store)
    write_card(store, a_card("third", started_at=STARTED + timedelta(days=21)))
    assert set(rebuilt(store).written) == {FRONT, DECEMBER}


def test_a_campaign_judged_anew_changes_its_card_and_its_pages(store):
    rebuilt(store)
    write_card(store, a_card("first", headline="Nothing got worse."))
    assert set(rebuilt(store).written) == {FRONT, NOVEMBER}


def test_a_card_that_a_store_gives_no_tag_for_is_known_by_its_size_and_time(store):
    rebuilt(store)
    for headline in ("Nothing got worse.", "Two cells got worse."):
        write_card(store, a_card("first", headline=headline))
        for key, stored in list(store.objects.items()):
            untagged = replace(stored.info, etag="")
            store.objects[key] = replace(stored, info=untagged)
        written = rebuilt(store).written
    assert set(written) == {FRONT, NOVEMBER}


def test_a_campaign_whose_time_became_known_stands_there_once(store):
    write_card(store, a_card("first", started_at=None))
    outcome = rebuilt(store)
    assert outcome.campaigns == 2
    assert index_keys.page_key("undated") in pages(store)
    write_card(store, a_card("first"))
    rebuilt(store)
    assert set(pages(store)) == {FRONT, NOVEMBER, DECEMBER}


def test_what_retention_took_is_gone_with_the_next_rebuild(store):
    rebuilt(store)
    key = next(key for key in store.objects if key.endswith("_first.json"))
    store.delete(key)
    outcome = rebuilt(store)
    assert outcome.removed == (NOVEMBER,)
    assert pages(store)[FRONT] == "Load-test campaigns: second"


def test_a_page_that_expired_by_itself_is_made_again(store):
    rebuilt(store)
    store.delete(DECEMBER)
    assert rebuilt(store).written == (DECEMBER,)


def test_a_new_version_of_the_page_makes_all_of_them_anew(store):
    rebuilt(store)
    assert len(rebuilt(store, version="2").written) == 3


@pytest.mark.parametrize("cut_off_after", range(4))
def test_a_rebuild_that_was_cut_off_is_completed_by_the_next(store, cut_off_after):
    whole = InMemoryObjectStore()
    for key, stored in store.objects.items():
        whole.write(key, stored.data)
    rebuilt(whole)

    class CutOffError(Exception):
        pass

    writes = 0

    def write(key: str, data: bytes, **more: object) -> str:
        nonlocal writes
        if writes == cut_off_after:
            raise CutOffError
        writes += 1
        return InMemoryObjectStore.write(store, key, data, **more)

    store.write = write
    with pytest.raises(CutOffError):
        rebuilt(store)
    del store.write
    rebuilt(store)
    assert pages(store) == pages(whole)


def test_a_card_that_comes_while_pages_are_written_is_on_them(store):
    is_first = True

    def meanwhile(page: IndexPage, cards: Sequence[CampaignCard]) -> bytes:
        nonlocal is_first
        if is_first:
            is_first = False
            write_card(store, a_card("other", started_at=STARTED + timedelta(hours=1)))
        return names(page, cards)

    rebuilt(store, render=meanwhile)
    assert pages(store)[FRONT] == "Load-test campaigns: first other second"


def test_a_month_of_many_campaigns_keeps_all_but_its_last_page(monkeypatch, store):
    monkeypatch.setattr(campaign_index, "MOST_ON_MONTH_PAGE", 2)
    monkeypatch.setattr(campaign_index, "MOST_ON_FRONT_PAGE", 3)
    for day in range(1, 5):
        write_card(store, a_card(f"day-{day}", started_at=STARTED + timedelta(days=day)))
    front, *months = planned_pages(campaign_index.card_objects(store))
    assert [page.name for page in months] == ["2026-11", "2026-11.2", "2026-11.3", "2026-12"]
    assert [card.campaign for card in front.cards] == ["day-3", "day-4", "second"]
    rebuilt(store)
    write_card(store, a_card("day-5", started_at=STARTED + timedelta(days=5)))
    assert set(rebuilt(store).written) == {FRONT, index_keys.page_key("2026-11.3")}


def test_links_lead_from_the_front_page_to_the_months_and_back(store):
    front, november, _ = planned_pages(campaign_index.card_objects(store))
    assert front.links[-1] == ("2026-11 (1)", "_index/pages/2026-11.html")
    assert november.links == (("the newest campaigns", "../../index.html"),)


def test_a_broken_card_is_named(store):
    key = write_card(store, a_card("first"))
    store.write(key, b"{}")
    with pytest.raises(DataFaultError, match=r"_first\.json line 1"):
        rebuilt(store)
