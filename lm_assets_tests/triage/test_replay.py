"""Campaigns in any order, once or twice, by way of the bucket: the alerts come out the same."""

from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.bucket.alert_objects import (
    all_state_keys,
    newest_state,
    read_state,
    write_statement,
)
from lm_assets.model.alert import AlertEventKind
from lm_assets.triage.replay import apply_campaign, current_alerts
from lm_assets_tests.alerts.lives import (
    NIGHTS,
    POLICY,
    STATEMENTS,
    a_night,
    a_sighting,
    a_statement,
    lived,
    night,
)
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


def applied(nights, statements=()) -> InMemoryObjectStore:
    store = InMemoryObjectStore()
    for statement in statements:
        write_statement(store, statement)
    for observation in nights:
        apply_campaign(store, observation, policy=POLICY)
    return store


def objects(store: InMemoryObjectStore) -> dict[str, bytes]:
    return {key: item.data for key, item in store.objects.items()}


@given(nights=NIGHTS, statements=STATEMENTS, data=st.data())
def test_the_order_in_which_campaigns_become_known_does_not_matter(nights, statements, data):
    shuffled = data.draw(st.permutations(nights))
    assert objects(applied(shuffled, statements)) == objects(applied(nights, statements))


@given(nights=NIGHTS, statements=STATEMENTS, data=st.data())
def test_a_campaign_applied_twice_is_applied_once(nights, statements, data):
    again = data.draw(st.lists(st.sampled_from(nights), max_size=3))
    assert objects(applied([*nights, *again], statements)) == objects(applied(nights, statements))


@given(nights=NIGHTS, statements=STATEMENTS, data=st.data())
def test_a_campaign_judged_anew_is_as_if_it_had_been_judged_so_at_first(nights, statements, data):
    at = data.draw(st.integers(0, len(nights) - 1))
    other = a_night(at, a_sighting("b_y"), otherwise="-")
    first = [other if n == at else seen for n, seen in enumerate(nights)]
    assert objects(applied([*first, nights[at]], statements)) == objects(
        applied(nights, statements)
    )


@given(nights=NIGHTS, statements=STATEMENTS)
def test_what_is_kept_is_what_the_whole_life_comes_to(nights, statements):
    store = applied(nights, statements)
    kept = [read_state(store, key.key) for key in all_state_keys(store, "nightly")]
    assert kept == lived(nights, statements)


def test_a_campaign_that_ended_later_than_was_known_moves_to_its_place():
    cell = a_sighting("a_x")
    store = applied([a_night(1, cell), a_night(2)])
    apply_campaign(store, a_night(3, cell, campaign="nightly-1"), policy=POLICY)
    assert [key.campaign for key in all_state_keys(store, "nightly")] == ["nightly-2", "nightly-1"]
    newest = newest_state(store, "nightly")
    assert [alert.opened_at for alert in newest.alerts] == [night(3)]


def test_campaigns_of_other_months_are_found():
    cell = a_sighting("a_x")
    store = applied([a_night(n, cell) for n in (0, 40, 80)])
    result = apply_campaign(store, a_night(41, cell), policy=POLICY)
    assert result.of_campaign.alerts[0].opened_at == night(0)
    assert result.newest == "nightly-80"
    assert result.later_campaigns == 1


def test_now_is_after_the_newest_campaign_what_was_said_since_and_the_time():
    cell = a_sighting("a_x")
    store = applied([a_night(0, cell)])
    write_statement(store, a_statement(0.5, AlertEventKind.ACKNOWLEDGED, cell))
    moved = current_alerts(store, "nightly", now=night(8), policy=POLICY)
    assert [str(event.event) for event in moved.events] == ["acknowledged", "expired"]


def test_a_year_behind_it_costs_no_more_reads():
    cell = a_sighting("a_x")
    store = applied([a_night(n, cell) for n in range(0, 400, 5)])
    reads: list[str] = []
    read = store.read
    store.read = lambda key, **options: reads.append(key) or read(key, **options)
    apply_campaign(store, a_night(401, cell), policy=POLICY)
    assert len(reads) == 1
