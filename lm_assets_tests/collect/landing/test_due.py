"""When a landed campaign is due for a run."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.landing.closing import Delivery
from lm_assets.collect.landing.due import (
    Landing,
    SeenLanding,
    decode_cursor,
    encode_cursor,
    landings,
    not_looked_at,
    overdue,
    plan_tick,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
QUIET = timedelta(minutes=30)


@dataclass(frozen=True)
class Item:
    key: str
    etag: str = "tag"
    size: int = 1
    last_modified: datetime = field(default=NOON)


def landed(*names: str, campaign: str = "nightly-1") -> list[tuple[str, Item]]:
    return [(campaign, Item(f"incoming/{campaign}/{name}")) for name in names]


def tick(objects, cursor=None, *, now=NOON):
    return plan_tick(landings(objects), cursor or {}, now=now, quiet_period=QUIET)


def due(objects, cursor=None, *, now=NOON) -> list[str]:
    return [landing.campaign for landing in tick(objects, cursor, now=now).due]


def test_a_campaign_with_its_success_object_is_due_at_once():
    assert due(landed("a/1.jsonl", "_SUCCESS")) == ["nightly-1"]


def test_a_campaign_without_it_is_awaited():
    result = tick(landed("a/1.jsonl"))
    assert not result.due
    assert [landing.campaign for landing in result.waiting] == ["nightly-1"]


def test_a_campaign_without_it_is_due_once_it_has_been_quiet():
    first = tick(landed("a/1.jsonl"))
    assert due(landed("a/1.jsonl"), first.cursor, now=NOON + QUIET) == ["nightly-1"]


def test_a_new_object_begins_the_quiet_period_anew():
    first = tick(landed("a/1.jsonl"))
    later = tick(landed("a/1.jsonl", "a/2.jsonl"), first.cursor, now=NOON + QUIET)
    assert not later.due
    assert later.cursor["nightly-1"].since == NOON + QUIET


def test_nothing_new_starts_nothing_again():
    first = tick(landed("a/1.jsonl", "_SUCCESS"))
    again = tick(landed("a/1.jsonl", "_SUCCESS"), first.cursor, now=NOON + timedelta(minutes=59))
    tomorrow = tick(landed("a/1.jsonl", "_SUCCESS"), again.cursor, now=NOON + timedelta(days=1))
    assert (again.due, again.waiting, tomorrow.due, tomorrow.waiting) == ((), (), (), ())
    assert again.cursor == first.cursor


def test_a_late_object_makes_a_complete_campaign_due_again():
    first = tick(landed("a/1.jsonl", "_SUCCESS"))
    assert due(landed("a/1.jsonl", "a/late.jsonl", "_SUCCESS"), first.cursor) == ["nightly-1"]


def test_a_rewritten_object_makes_it_due_again():
    first = tick(landed("a/1.jsonl", "_SUCCESS"))
    rewritten = [
        ("nightly-1", Item("incoming/nightly-1/a/1.jsonl", etag="other")),
        *landed("_SUCCESS"),
    ]
    assert due(rewritten, first.cursor) == ["nightly-1"]


def test_a_deleted_object_makes_it_due_again():
    first = tick(landed("a/1.jsonl", "a/2.jsonl", "_SUCCESS"))
    assert due(landed("a/1.jsonl", "_SUCCESS"), first.cursor) == ["nightly-1"]


def test_only_the_changed_one_of_two_campaigns_is_due():
    both = [*landed("_SUCCESS", campaign="n-1"), *landed("_SUCCESS", campaign="n-2")]
    first = tick(both)
    changed = [*both, *landed("a/late.jsonl", campaign="n-2")]
    assert due(changed, first.cursor) == ["n-2"]


def test_what_returns_to_an_earlier_content_is_due_again_under_a_key_of_its_own():
    without, with_late = (
        landed("a/1.jsonl", "_SUCCESS"),
        landed("a/1.jsonl", "b/late.jsonl", "_SUCCESS"),
    )
    cursor, keys = {}, []
    for objects in (without, with_late, without, [], without):
        result = tick(objects, cursor)
        cursor = result.cursor
        keys += [result.run_key(landing) for landing in result.due]
    assert len(set(keys)) == 4


def test_a_campaign_that_left_the_bucket_leaves_the_cursor_after_a_while():
    first = tick(landed("_SUCCESS"))
    gone = tick([], first.cursor)
    assert gone.cursor == {"nightly-1": SeenLanding(digest="", since=NOON, requests=1)}
    still = tick([], gone.cursor, now=NOON + timedelta(days=89))
    assert still.cursor == gone.cursor
    assert tick([], still.cursor, now=NOON + timedelta(days=90)).cursor == {}


def test_a_success_object_in_a_subfolder_does_not_end_a_campaign():
    assert not tick(landed("a/_SUCCESS")).due


def test_keys_and_tags_that_run_together_differently_have_different_digests():
    one = landings([("c", Item("incoming/c/ab", etag="c"))])
    other = landings([("c", Item("incoming/c/a", etag="bc"))])
    assert one[0].digest != other[0].digest


@given(st.permutations(range(6)))
def test_the_digest_does_not_depend_on_the_order_of_the_listing(order):
    objects = landed(*(f"a/{i}.jsonl" for i in range(6)))
    assert landings([objects[i] for i in order]) == landings(objects)


def test_the_cursor_survives_being_written_as_text():
    delivery = Delivery(objects=2, oldest=NOON, newest=NOON + QUIET)
    cursor = {
        "n-1": SeenLanding(digest="d", since=NOON, requested_digest="d", started_with=delivery)
    }
    assert decode_cursor(encode_cursor(cursor)) == cursor
    assert decode_cursor(None) == {}


def test_the_cursor_of_an_earlier_version_is_understood():
    text = '{"n-1": {"digest": "d", "since": "2026-11-22T12:00:00Z", "requested_digest": "d"}}'
    seen = decode_cursor(text)["n-1"]
    assert (seen.started_with, seen.requests) == (None, 0)


def test_a_campaign_still_for_long_without_its_end_is_overdue():
    objects = [*landed("a/1.jsonl", campaign="n-1"), *landed("_SUCCESS", campaign="n-2")]
    late = overdue(objects, now=NOON + timedelta(hours=6), after=timedelta(hours=6))
    assert [landing.campaign for landing in late] == ["n-1"]


def test_a_campaign_whose_success_object_may_have_expired_is_not_overdue():
    objects = landed("a/1.jsonl")
    limits = {"after": timedelta(hours=6), "until": timedelta(days=23)}
    assert overdue(objects, now=NOON + timedelta(days=22), **limits)
    assert not overdue(objects, now=NOON + timedelta(days=23), **limits)


def test_a_campaign_that_still_grows_is_not_overdue():
    old, new = (
        Item("incoming/n/a/1.jsonl"),
        Item("incoming/n/a/2.jsonl", last_modified=NOON + timedelta(hours=5)),
    )
    late = overdue(
        [("n", old), ("n", new)], now=NOON + timedelta(hours=6), after=timedelta(hours=6)
    )
    assert late == ()


def test_landings_count_their_objects():
    assert landings(landed("a", "b", "_SUCCESS")) == (
        Landing(
            campaign="nightly-1",
            digest=landings(landed("a", "b", "_SUCCESS"))[0].digest,
            objects=3,
            is_complete=True,
            oldest=NOON,
            newest=NOON,
        ),
    )


HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=1)
NIGHT = landed("a/1.jsonl", "_SUCCESS")


def settled_cursor():
    """Return the cursor of a campaign that was run at noon and looked at an hour later."""
    return tick(NIGHT, tick(NIGHT).cursor, now=NOON + HOUR).cursor


def test_a_campaign_that_has_just_landed_is_looked_at_every_time():
    assert not_looked_at(tick(NIGHT).cursor, now=NOON + MINUTES) == set()


def test_a_campaign_that_was_not_decided_about_is_looked_at_every_time():
    waiting = tick(landed("a/1.jsonl"))
    assert not_looked_at(waiting.cursor, now=NOON + 5 * HOUR) == set()


def test_a_settled_campaign_is_looked_at_every_ten_minutes():
    cursor = settled_cursor()
    assert not_looked_at(cursor, now=NOON + HOUR + 9 * MINUTES) == {"nightly-1"}
    assert not_looked_at(cursor, now=NOON + HOUR + 10 * MINUTES) == set()


def test_a_clock_that_was_put_back_hides_no_campaign():
    assert not_looked_at(settled_cursor(), now=NOON + HOUR - MINUTES) == set()


def test_a_settled_campaign_that_changes_is_due_and_looked_at_every_time_again():
    late = tick([*NIGHT, *landed("a/late.jsonl")], settled_cursor(), now=NOON + HOUR + 10 * MINUTES)
    assert [landing.campaign for landing in late.due] == ["nightly-1"]
    assert not_looked_at(late.cursor, now=NOON + HOUR + 11 * MINUTES) == set()


def test_a_campaign_that_is_passed_over_is_remembered_as_it_was():
    cursor = settled_cursor()
    later = plan_tick(
        (), cursor, now=NOON + HOUR + MINUTES, quiet_period=QUIET, passed_over=["nightly-1"]
    )
    assert later.cursor == cursor
    assert decode_cursor(encode_cursor(cursor)) == cursor


class TestContentIsKnownBy:
    """Some stores give an empty tag, or one and the same for other content."""

    @pytest.mark.parametrize("etag", ["", "constant"])
    @pytest.mark.parametrize(
        "rewritten", [{"size": 2}, {"last_modified": NOON + timedelta(seconds=1)}], ids=str
    )
    def test_size_and_time_beside_a_tag_that_says_nothing(self, etag, rewritten):
        one, other = (
            landings([("c", Item("incoming/c/a/1.jsonl", etag=etag, **how))])
            for how in ({}, rewritten)
        )
        assert one[0].digest != other[0].digest

    def test_the_same_listing_as_the_same(self):
        one, other = (landings([("c", Item("incoming/c/a/1.jsonl"))]) for _ in range(2))
        assert one[0].digest == other[0].digest
