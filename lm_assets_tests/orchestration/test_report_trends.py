"""Cells over the campaigns before them: until this one, with their level shifts and band."""

from dataclasses import MISSING, fields

from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.warehouse import CellPoint
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.verdict import Verdict
from lm_assets.orchestration.report_trends import cell_trends
from lm_assets_tests.builders import (
    COMBINATION,
    a_baseline,
    a_cell,
    a_manifest,
    a_record,
    a_verdict,
)
from lm_assets_tests.conftest import PROJECT

KEY = (COMBINATION, "duration_s")


class StoredPoints:
    """A warehouse that has these points before every campaign."""

    def __init__(self, values, alerts=()):
        self._alerts = alerts
        self._points = [
            CellPoint(
                campaign=f"night-{place:02}",
                versions="3.5.0",
                combination=COMBINATION,
                metric="duration_s",
                n=5,
                mean=value,
                verdict="unchanged",
                sources=["result_line"],
            )
            for place, value in enumerate(values)
        ]

    def run(self, _unit):
        return self._points

    def read(self, _query, _parameters):
        return self._alerts


def trends_of(values, records=None, alerts=(), **cell):
    return cell_trends(
        StoredPoints(values, alerts),
        a_manifest(),
        a_verdict([a_cell(**cell)]),
        [a_record()] if records is None else records,
        settings=load_configuration(PROJECT / "config"),
        baseline=BaselineCatalogue(entries={COMBINATION: a_baseline()}),
    )


def test_the_campaign_itself_comes_last_with_its_verdict():
    trend = trends_of([12.1, 12.3, 12.2])[KEY]
    assert trend.values == (12.1, 12.3, 12.2, 22.14)
    assert [point.verdict for point in trend.points[-2:]] == [Verdict.UNCHANGED, Verdict.REGRESSED]
    assert trend.band == (12.1, 12.5)


def test_a_level_shift_is_found_where_there_are_points_enough():
    nights = [12.0, 12.1, 12.2, 12.1, 12.0, 12.2, 12.1, 12.0, 22.0, 22.1, 22.2, 22.1, 22.0, 22.2]
    (shift,) = trends_of(nights)[KEY].shifts
    assert shift.campaign == "night-08"
    assert trends_of([12.0, 12.1])[KEY].shifts == ()


def test_a_loss_that_somebody_has_taken_is_marked_as_known():
    def marked(state):
        alert = {"alert_id": "a", "fingerprint": "f", "kind": "cell", "metric": "duration_s"}
        alert |= {"state": state, "metrics": ["duration_s"], "combinations": [COMBINATION]}
        row = tuple(alert.get(f.name, _default(f)) for f in fields(KnownAlert))
        points = trends_of([12.0, 12.1], alerts=[row])[KEY].points
        return [point.is_acknowledged for point in points]

    assert marked("acknowledged") == [False, False, True]
    assert marked("open") == [False, False, False]


def _default(field):
    if field.default_factory is not MISSING:
        return list(field.default_factory()) or {}
    return field.default


def test_a_cell_that_never_ran_before_has_no_trend():
    assert trends_of([]) == {}


def test_without_a_start_nothing_is_known_to_have_been_before():
    assert trends_of([12.0], records=[a_record(started_at=None, ended_at=None)]) == {}


def test_a_cell_without_a_value_has_no_trend():
    assert trends_of([12.0], current_mean=None) == {}
