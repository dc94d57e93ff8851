"""Nobody is reminded because of a weekend."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.alerts.working_days import after_working_days

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekday", "later"),
    [(0, 2), (1, 3), (2, 4), (3, 7), (4, 8), (5, 8), (6, 8)],
    ids=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
)
def test_two_working_days_after_each_day_of_the_week(weekday, later):
    began = MONDAY + timedelta(days=weekday)
    assert after_working_days(began, 2) == MONDAY + timedelta(days=later)


@given(st.integers(0, 100_000), st.integers(1, 60))
def test_it_is_a_working_day_and_later_at_the_same_time(hours, days):
    moment = MONDAY + timedelta(hours=hours)
    later = after_working_days(moment, days)
    assert later.weekday() < 5
    assert later.time() == moment.time()
    assert later - moment >= timedelta(days=days)
