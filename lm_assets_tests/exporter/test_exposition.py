"""What a scrape gets: right values, nothing old as new, and no more than the limit."""

import gzip
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.exporter.alert_families import MAXIMUM_ALERTS
from lm_assets.exporter.exposition import Exposition
from lm_assets.gateways.warehouse import WarehouseUnavailableError
from lm_assets.model.standing import ALERT_STATES, Figure, Standing
from lm_assets.model.verdict import Verdict
from lm_assets_tests.builders import COMBINATION, DIMENSIONS
from lm_assets_tests.exporter.standings import (
    NOW,
    CountingSource,
    Samples,
    a_campaign,
    a_standing,
    an_alert,
    samples_of,
    shipped_settings,
    value,
)
from lm_assets_tests.fakes.clock import FixedClock

SETTINGS = shipped_settings()


class Heartbeats:
    """Satisfies `HeartbeatSource`."""

    def __init__(self, beats: dict[str, datetime] | None) -> None:
        self.beats = beats

    def heartbeats(self) -> dict[str, datetime]:
        if self.beats is None:
            raise WarehouseUnavailableError("no answer")
        return self.beats


def an_exposition(
    source: CountingSource,
    *,
    limit: int = 30_000,
    clock: FixedClock | None = None,
    heartbeats: Heartbeats | None = None,
) -> Exposition:
    return Exposition(
        source,
        SETTINGS,
        clock=clock or FixedClock(NOW),
        limit=limit,
        version="1.2.3",
        heartbeats=heartbeats,
    )


def told(standing: Standing, **options: int) -> Samples:
    """Every sample that a scrape of this standing gives."""
    return samples_of(b"".join(an_exposition(CountingSource(standing), **options).answer().plain))


class TestCampaign:
    def test_tells_its_counts_and_moments(self):
        found = told(a_standing())
        assert value(found, "lm_campaign_runs", stage="nightly") == 100
        assert value(found, "lm_campaign_failed_runs", stage="nightly") == 2
        ended = value(found, "lm_campaign_ended_timestamp_seconds", stage="nightly")
        assert ended == (NOW - timedelta(hours=2)).timestamp()
        labels = {"campaign": "nightly-1", "git_sha": "1a2b3c4", "baseline_version": "5f2c9e"}
        assert value(found, "lm_campaign_info", **labels) == 1

    def test_has_every_verdict_so_that_one_that_ends_is_a_real_zero(self):
        found = told(a_standing())
        for verdict in Verdict:
            labels = {"stage": "nightly", "verdict": verdict}
            expected = float(verdict is Verdict.REGRESSED)
            assert value(found, "lm_campaign_verdict", **labels) == expected
        assert value(found, "lm_campaign_cells", stage="nightly", verdict="unchanged") == 41
        assert value(found, "lm_campaign_cells", stage="nightly", verdict="suspected") == 0

    def test_leaves_out_what_nobody_knows_and_makes_no_zero_of_it(self):
        campaign = a_campaign(runs=None, failed_runs=None, started_at=None)
        names = {name for name, _ in told(a_standing(campaigns=(campaign,)))}
        assert "lm_campaign_combinations" in names
        assert not names & {
            "lm_campaign_runs",
            "lm_campaign_failed_runs",
            "lm_campaign_started_timestamp_seconds",
        }

    def test_that_is_too_old_tells_moments_and_no_result(self):
        # Three nights without a campaign are three intervals.
        old = a_campaign(stored_at=NOW - timedelta(hours=73))
        names = {name for name, _ in told(a_standing(campaigns=(old,)))}
        assert "lm_campaign_stored_timestamp_seconds" in names
        assert "lm_stage_waiting_since_timestamp_seconds" in names
        assert not any(
            name.startswith(("lm_result_", "lm_baseline_", "lm_cell_")) for name in names
        )
        assert "lm_campaign_cells" not in names


class TestStage:
    def test_without_a_campaign_waits_since_the_warehouse_has_any(self):
        found = told(a_standing())
        name = "lm_stage_waiting_since_timestamp_seconds"
        assert value(found, name, stage="weekly") == (NOW - timedelta(days=30)).timestamp()
        assert value(found, name, stage="nightly") == (NOW - timedelta(hours=1)).timestamp()

    def test_of_an_empty_warehouse_waits_for_nothing(self):
        names = {name for name, _ in told(Standing())}
        assert "lm_stage_waiting_since_timestamp_seconds" not in names
        assert "lm_stage_expected_interval_seconds" in names

    def test_that_nobody_waits_for_has_no_interval(self):
        found = told(a_standing())
        stages = {
            dict(labels)["stage"]
            for name, labels in found
            if name == "lm_stage_expected_interval_seconds"
        }
        assert stages == {"nightly", "weekly"}


class TestAlert:
    def test_has_all_its_states_of_which_one_is_1(self):
        found = told(a_standing(alerts=(an_alert(state="acknowledged", owner="mira"),)))
        states = {s: value(found, "lm_alert_state", alert_id="a1", state=s) for s in ALERT_STATES}
        assert states == {**dict.fromkeys(ALERT_STATES, 0.0), "acknowledged": 1.0}
        assert value(found, "lm_alert_info", owner="mira", located_in="extension=rapids") == 1

    def test_counts_of_every_state_are_there(self):
        found = told(a_standing())
        assert value(found, "lm_alerts", stage="nightly", state="resolved") == 4
        assert value(found, "lm_alerts", stage="nightly", state="dismissed") == 0

    @pytest.mark.parametrize(
        ("unit", "change", "name", "expected"),
        [
            ("relative", 0.31, "lm_alert_change_ratio", 0.31),
            ("points", 31.0, "lm_alert_change_points_ratio", 0.31),
            ("events/run", 2.0, "lm_alert_change_events_per_run", 2.0),
        ],
    )
    def test_says_its_change_in_base_units(self, unit, change, name, expected):
        found = told(a_standing(alerts=(an_alert(change=change, change_unit=unit),)))
        assert value(found, name, alert_id="a1") == pytest.approx(expected)

    def test_beyond_the_hundredth_is_counted_and_the_live_ones_are_told_first(self):
        ended = [an_alert(alert_id=f"e{n}", state="resolved") for n in range(MAXIMUM_ALERTS)]
        found = told(a_standing(alerts=(*ended, an_alert(alert_id="live"))))
        ids = {dict(labels)["alert_id"] for name, labels in found if name == "lm_alert_info"}
        assert len(ids) == MAXIMUM_ALERTS
        assert "live" in ids


class TestResult:
    def test_is_in_base_units(self):
        found = told(a_standing())
        of = {"stage": "nightly", "combination": COMBINATION}
        assert value(found, "lm_result_duration_seconds", **of) == 22.14
        assert value(found, "lm_result_memory_usage_ratio", **of) == pytest.approx(0.61)
        assert value(found, "lm_result_memory_byte_seconds", **of) == 2.0 * 2**30
        assert value(found, "lm_baseline_duration_seconds", combination=COMBINATION) == 12.3

    def test_says_which_dimension_values_it_is_of(self):
        labels = {f"dim_{name}": text for name, text in DIMENSIONS.items()}
        assert value(told(a_standing()), "lm_combination_info", **labels) == 1

    def test_that_got_worse_says_how_much(self):
        found = told(a_standing())
        assert value(found, "lm_cell_degradation_ratio", metric="duration_s") == 0.8
        points = value(found, "lm_cell_degradation_points_ratio", metric="memory_usage_pct")
        assert points == pytest.approx(0.075)
        assert value(found, "lm_cell_degradation_events_per_run", metric="failed_tasks") == 2


class TestUnchangedWarehouse:
    def test_is_not_read_again(self):
        source = CountingSource(a_standing())
        exposition = an_exposition(source)
        first, second = exposition.answer(), exposition.answer()
        assert source.readings == 1
        assert first.plain[1] == second.plain[1]

    def test_is_read_again_when_it_changed(self):
        source = CountingSource(a_standing())
        exposition = an_exposition(source)
        exposition.answer()
        source.token, source.now = 2, a_standing(campaigns=(a_campaign(runs=7),))
        assert value(samples_of(exposition.answer().plain[1]), "lm_campaign_runs") == 7

    def test_is_read_again_when_its_results_become_too_old(self):
        source, clock = CountingSource(a_standing()), FixedClock(NOW)
        exposition = an_exposition(source, clock=clock)
        exposition.answer()
        clock.advance(hours=71, seconds=2)
        names = {name for name, _ in samples_of(exposition.answer().plain[1])}
        assert source.readings == 2
        assert not any(name.startswith("lm_result_") for name in names)


class TestOutage:
    def test_tells_itself_and_no_result(self):
        source, clock = CountingSource(a_standing()), FixedClock(NOW)
        exposition = an_exposition(source, clock=clock)
        exposition.answer()
        source.is_down = True
        clock.advance(minutes=5)
        answer = exposition.answer()
        found = samples_of(b"".join(answer.plain))
        assert not answer.is_warehouse_up
        assert value(found, "lm_warehouse_up") == 0
        # The last moment at which anything was known.
        assert value(found, "lm_exporter_snapshot_timestamp_seconds") == NOW.timestamp()
        assert not any(
            name.startswith(("lm_campaign", "lm_result", "lm_alert")) for name, _ in found
        )

    def test_that_ends_is_told_at_the_next_scrape_without_another_reading(self):
        source = CountingSource(a_standing())
        exposition = an_exposition(source)
        exposition.answer()
        source.is_down = True
        assert not exposition.is_ready()
        assert "Postgres did not do its work" in exposition.fault
        source.is_down = False
        assert exposition.is_ready()
        assert value(samples_of(b"".join(exposition.answer().plain)), "lm_warehouse_up") == 1
        assert source.readings == 1

    def test_of_dagsters_database_is_no_outage_of_the_warehouse(self):
        source = CountingSource(a_standing())
        found = samples_of(
            b"".join(an_exposition(source, heartbeats=Heartbeats(None)).answer().plain)
        )
        assert value(found, "lm_dagster_database_up") == 0
        assert value(found, "lm_warehouse_up") == 1

    def test_of_nothing_tells_every_heartbeat(self):
        source = CountingSource(a_standing())
        beats = Heartbeats({"SENSOR": NOW})
        found = samples_of(b"".join(an_exposition(source, heartbeats=beats).answer().plain))
        name = "lm_dagster_daemon_heartbeat_timestamp_seconds"
        assert value(found, name, daemon="SENSOR") == NOW.timestamp()


class TestLimit:
    def test_leaves_out_whole_families_from_the_end_and_counts_every_series(self):
        many = [Figure("nightly", f"c{n}", "duration_s", 1.0) for n in range(50)]
        standing = a_standing(results=many)
        everything = told(standing)
        found = told(standing, limit=int(value(everything, "lm_exporter_series")) - 1)
        dropped = {
            dict(labels)["family"]: v
            for (name, labels), v in found.items()
            if name == "lm_exporter_series_dropped"
        }
        kept = {name for name, _ in found}
        lost = {family for family, count in dropped.items() if count}
        assert lost
        assert not lost & kept
        assert sum(dropped.values()) == len(everything) - len(found)

    def test_that_is_not_reached_counts_zero_for_every_family(self):
        found = told(a_standing())
        counts = [v for (name, _), v in found.items() if name == "lm_exporter_series_dropped"]
        assert len(counts) > 30
        assert set(counts) == {0.0}


def test_the_compressed_answer_is_the_plain_one():
    answer = an_exposition(CountingSource(a_standing())).answer()
    # One member of gzip behind another is gzip; HTTP clients and Prometheus read them as one.
    assert gzip.decompress(b"".join(answer.compressed)) == b"".join(answer.plain)


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_name_says_it_is_only_a_name(hostile, other):
    campaign = a_campaign(campaign=hostile, git_sha=other)
    alert = replace(an_alert(), located_in=other, owner=hostile)
    found = told(a_standing(campaigns=(campaign,), alerts=(alert,)))
    assert value(found, "lm_campaign_info", campaign=hostile, git_sha=other) == 1
    assert value(found, "lm_alert_info", located_in=other, owner=hostile) == 1
