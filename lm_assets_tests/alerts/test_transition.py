"""The life of an alert: what opens, worsens, ends and brings back one, whatever happens around."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given

from lm_assets.alerts.fold import folded
from lm_assets.alerts.transition import moved_on, transition
from lm_assets.model.alert import AlertEventKind, AlertState, Resolution, Sighting
from lm_assets.model.verdict import Verdict
from lm_assets_tests.alerts.lives import (
    COMBINATIONS,
    NIGHTS,
    POLICY,
    STATEMENTS,
    a_night,
    a_sighting,
    a_statement,
    lived,
    night,
)

Kind = AlertEventKind
CELL = a_sighting("a_x")
WIDE = a_sighting("a_x", "a_y")


def told(states) -> list[str]:
    return [str(event.event) for state in states for event in state.events]


def the_alert(states):
    (alert,) = states[-1].alerts
    return alert


class TestAnyLife:
    @given(nights=NIGHTS, statements=STATEMENTS)
    def test_has_never_two_live_alerts_of_one_fingerprint(self, nights, statements):
        for state in lived(nights, statements):
            live = Counter(alert.fingerprint for alert in state.alerts if alert.is_live)
            assert all(count == 1 for count in live.values())

    @given(nights=NIGHTS, statements=STATEMENTS)
    def test_is_the_fold_of_its_events(self, nights, statements):
        states = lived(nights, statements)
        alerts = {}
        for state in states:
            for event in state.events:
                alerts[event.alert_id] = folded(alerts.get(event.alert_id), event)
            assert all(alerts[alert.alert_id] == alert for alert in state.alerts)

    @given(nights=NIGHTS, statements=STATEMENTS)
    def test_names_no_event_twice(self, nights, statements):
        events = [event for state in lived(nights, statements) for event in state.events]
        assert len({event.event_id for event in events}) == len(events)

    @given(nights=NIGHTS, statements=STATEMENTS)
    def test_is_never_ended_by_time_alone(self, nights, statements):
        end = lived(nights, statements)[-1]
        moved = moved_on(end.alerts, [], night(900), policy=POLICY)
        assert {event.event for event in moved.events} <= {Kind.EXPIRED, Kind.REMINDED}
        before = {alert.alert_id for alert in end.alerts if alert.is_live}
        assert {alert.alert_id for alert in moved.alerts if alert.is_live} == before

    @given(nights=NIGHTS, statements=STATEMENTS)
    def test_holds_every_cause_of_the_last_night(self, nights, statements):
        end = lived(nights, statements)[-1]
        known = {c for alert in end.alerts for c in alert.sighting.combinations}
        for sighting in end.observation.sightings:
            assert set(sighting.combinations) <= known


class TestOpening:
    def test_is_told_once_while_it_stays(self):
        states = lived([a_night(n, CELL) for n in range(3)])
        assert told(states)[:2] == ["opened", "seen"]
        assert told(states).count("opened") == 1
        assert the_alert(states).first_campaign == "nightly-0"
        assert the_alert(states).last_campaign == "nightly-2"

    def test_of_a_clean_campaign_does_not_happen(self):
        assert lived([a_night(0)])[-1].alerts == ()

    def test_of_several_metrics_in_one_place_is_one_alert(self):
        both = a_sighting("a_x", metrics=("cpu_core_seconds", "duration_s"))
        other = a_sighting("a_x", metric="cpu_core_seconds")
        states = lived([a_night(0, both), a_night(1, other)])
        assert told(states) == ["opened", "seen"]

    def test_of_a_cell_within_a_known_place_is_covered(self):
        states = lived([a_night(0, WIDE), a_night(1, CELL)])
        assert told(states) == ["opened", "covered"]

    def test_of_a_wider_place_widens_the_alert_and_ends_the_others(self):
        other = a_sighting("a_y")
        states = lived([a_night(0, CELL, other), a_night(1, WIDE)])
        live = [alert for alert in states[-1].alerts if alert.is_live]
        ended = [alert for alert in states[-1].alerts if not alert.is_live]
        assert [alert.sighting.combinations for alert in live] == [("a_x", "a_y")]
        assert [(a.resolution, a.duplicate_of) for a in ended] == [
            (Resolution.DUPLICATE, live[0].alert_id)
        ]

    def test_of_what_is_left_of_a_shift_does_not_happen(self):
        shift = Sighting(
            kind="common_shift",
            metric="duration_s",
            verdict=Verdict.REGRESSED,
            metrics=("duration_s",),
            sizes={"duration_s": 0.3},
        )
        states = lived([a_night(0, shift), a_night(1, a_sighting("b_x", size=0.35))])
        assert told(states) == ["opened", "covered"]
        beyond = lived([a_night(0, shift), a_night(1, shift, a_sighting("b_x"))])
        assert sorted(told(beyond)) == ["opened", "opened", "seen"]


class TestWorsening:
    @pytest.mark.parametrize(
        ("then", "event"),
        [
            (a_sighting("a_x", size=0.49), "seen"),
            (a_sighting("a_x", size=0.51), "worsened"),
            (a_sighting("a_x", metrics=("cpu_core_seconds", "duration_s")), "worsened"),
            (a_sighting(*COMBINATIONS), "worsened"),
            (WIDE, "seen"),
        ],
        ids=["within the threshold", "beyond it", "a new metric", "far wider", "twice as wide"],
    )
    def test_is_by_more_than_the_threshold_since_people_were_told(self, then, event):
        assert told(lived([a_night(0, CELL), a_night(1, then)])) == ["opened", event]

    def test_in_small_steps_is_told_when_they_add_up(self):
        sizes = (0.3, 0.4, 0.5, 0.6, 0.7)
        states = lived([a_night(n, a_sighting("a_x", size=s)) for n, s in enumerate(sizes)])
        assert told(states) == ["opened", "seen", "reminded", "seen", "worsened", "seen"]

    def test_of_an_acknowledged_alert_is_recorded_once_and_leaves_it_with_its_owner(self):
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, CELL, owner="team-a")]
        worse = a_sighting("a_x", size=0.9)
        states = lived([a_night(0, CELL), a_night(1, worse), a_night(2, worse)], said)
        assert told(states) == ["opened", "acknowledged", "worsened", "seen"]
        alert = the_alert(states)
        assert (alert.state, alert.owner) == (AlertState.ACKNOWLEDGED, "team-a")
        assert (alert.worsened_at, alert.told_change) == (night(1), 0.3)

    def test_while_somebody_had_it_goes_with_the_end_of_the_acknowledgement(self):
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, CELL)]
        states = lived([a_night(0, CELL), a_night(1, a_sighting("a_x", size=0.9))], said)
        (expired, *_) = moved_on(states[-1].alerts, [], night(8), policy=POLICY).events
        assert (expired.event, expired.worsened_at) == (Kind.EXPIRED, night(1))
        assert expired.sighting.change == 0.9


class TestRecovery:
    def test_takes_two_clean_campaigns(self):
        states = lived([a_night(0, CELL), a_night(0.5), a_night(1)])
        assert told(states) == ["opened", "clean", "recovered"]
        assert the_alert(states).state is AlertState.RESOLVED
        assert the_alert(states).resolution is Resolution.RECOVERED

    def test_begins_anew_when_it_is_there_again(self):
        states = lived([a_night(0, CELL), a_night(0.1), a_night(0.2, CELL), a_night(0.3)])
        assert told(states) == ["opened", "clean", "seen", "clean"]

    @pytest.mark.parametrize("letter", ["-", "s", " "], ids=["undecided", "suspected", "missing"])
    def test_is_not_shown_by_cells_that_tell_nothing(self, letter):
        nights = [a_night(0, CELL), *(a_night(n / 10, otherwise=letter) for n in range(1, 6))]
        assert told(lived(nights)) == ["opened"]
        assert told(lived([*nights, a_night(0.7), a_night(0.8)])) == [
            "opened",
            "clean",
            "recovered",
        ]

    def test_of_a_wide_cause_is_not_held_up_by_a_small_rest(self):
        wide = a_sighting(*(f"c{n}" for n in range(8)))
        left = a_sighting("c0")
        known = [f"c{n}" for n in range(8)]

        def outcome(number, *sightings):
            seen = a_night(number, *sightings)
            rows = tuple("r" if sightings and c == "c0" else "c" for c in known)
            cells = type(seen.outcomes)(
                combinations=tuple(known), metrics=("duration_s",), rows=rows
            )
            return type(seen)(
                campaign=seen.campaign,
                stage=seen.stage,
                at=seen.at,
                verdict=seen.verdict,
                sightings=seen.sightings,
                outcomes=cells,
            )

        states = lived([a_night(0, wide), outcome(0.1, left), outcome(0.2, left)])
        assert told(states) == ["opened", "clean", "recovered", "opened"]

    def test_of_a_campaigns_own_fault_is_a_campaign_without_it(self):
        fault = Sighting(kind="campaign", metric="", verdict=Verdict.DATA_FAULT)
        states = lived([a_night(0, fault, verdict=Verdict.DATA_FAULT), a_night(0.1), a_night(0.2)])
        assert told(states) == ["opened", "clean", "recovered"]


class TestComingBack:
    def test_within_the_days_is_the_same_alert(self):
        states = lived([a_night(0, CELL), a_night(1), a_night(2), a_night(15, CELL)])
        assert told(states)[-1] == "reopened"
        assert the_alert(states).reopened_count == 1

    def test_later_is_another(self):
        states = lived([a_night(0, CELL), a_night(1), a_night(2), a_night(17, CELL)])
        assert told(states)[-1] == "opened"
        assert [alert.first_campaign for alert in states[-1].alerts if alert.is_live] == [
            "nightly-17"
        ]

    def test_after_somebody_said_it_was_over_opens_it(self):
        said = [a_statement(0.5, Kind.RESOLVED, CELL)]
        states = lived([a_night(0, CELL), a_night(1, CELL)], said)
        assert told(states) == ["opened", "resolved", "reopened"]


class TestWordsOfPeople:
    @pytest.mark.parametrize("word", [Kind.ACCEPTED, Kind.DISMISSED])
    def test_that_settle_it_hold_while_it_stays_as_it_is(self, word):
        said = [a_statement(0.5, word, CELL)]
        states = lived([a_night(0, CELL), *(a_night(n, CELL) for n in range(1, 40))], said)
        assert set(told(states)) == {"opened", str(word), "seen"}
        assert the_alert(states).state == str(word)

    @pytest.mark.parametrize("word", [Kind.ACCEPTED, Kind.DISMISSED])
    def test_that_settled_it_do_not_hold_when_it_gets_worse(self, word):
        said = [a_statement(0.5, word, CELL)]
        states = lived([a_night(0, CELL), a_night(1, a_sighting("a_x", size=0.9))], said)
        assert told(states) == ["opened", str(word), "reopened"]

    def test_that_settled_it_end_with_it(self):
        said = [a_statement(0.1, Kind.ACCEPTED, CELL)]
        nights = [a_night(0, CELL), a_night(0.2), a_night(0.3), a_night(0.4, CELL)]
        assert told(lived(nights, said)) == ["opened", "accepted", "clean", "clean", "opened"]

    def test_about_nothing_known_change_nothing(self):
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, a_sighting("b_y"))]
        assert told(lived([a_night(0, CELL), a_night(1, CELL)], said)) == ["opened", "seen"]

    def test_find_their_alert_by_its_fingerprint_when_its_id_is_another(self):
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, CELL, alert_id="id-before-a-replay")]
        states = lived([a_night(0, CELL), a_night(1, CELL)], said)
        assert the_alert(states).state is AlertState.ACKNOWLEDGED


class TestTime:
    def test_ends_an_acknowledgement_and_opens_the_alert(self):
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, CELL)]
        nights = [a_night(n, CELL) for n in range(9)]
        assert told(lived(nights, said)) == [
            *("opened", "acknowledged"),
            *["seen"] * 7,
            *("expired", "seen"),
        ]

    def test_reminds_once_after_two_working_days(self):
        # Night 3 is a Thursday: two working days later it is Monday, night 7.
        states = lived([a_night(3, CELL)])
        friday = moved_on(states[-1].alerts, [], night(6.9), policy=POLICY)
        monday = moved_on(states[-1].alerts, [], night(30), policy=POLICY)
        assert friday.events == ()
        assert [(event.event, event.at) for event in monday.events] == [(Kind.REMINDED, night(7))]

    def test_reminds_nobody_of_what_somebody_has(self):
        states = lived([a_night(0, CELL)], [])
        said = [a_statement(0.5, Kind.ACKNOWLEDGED, CELL, until=night(30))]
        assert [
            e.event for e in moved_on(states[-1].alerts, said, night(29), policy=POLICY).events
        ] == [Kind.ACKNOWLEDGED]

    def test_that_has_not_come_brings_nothing(self):
        (state,) = lived([a_night(0, CELL)])
        assert transition(state.alerts, night(0) + timedelta(hours=1), policy=POLICY) == []
