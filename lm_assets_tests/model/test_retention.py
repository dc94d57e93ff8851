"""Retention policy."""

import pytest

from lm_assets.model.retention import LONGEST_RETENTION_DAYS, RetentionPolicy


def test_raw_data_is_kept_a_month_and_aggregates_a_year_unless_configured() -> None:
    assert RetentionPolicy() == RetentionPolicy(raw_days=30, aggregated_days=365)


@pytest.mark.parametrize("name", ["raw_days", "aggregated_days"])
@pytest.mark.parametrize("days", [0, -1, LONGEST_RETENTION_DAYS + 1])
def test_days_that_would_delete_everything_or_overflow_a_date_are_refused(
    name: str, days: int
) -> None:
    with pytest.raises(ValueError, match=f"{name} must lie within 1 and {LONGEST_RETENTION_DAYS}"):
        RetentionPolicy(**{name: days})


def test_aggregates_cannot_go_before_what_they_were_made_of() -> None:
    with pytest.raises(ValueError, match="aggregated_days must not be below raw_days, got 7 and 8"):
        RetentionPolicy(raw_days=8, aggregated_days=7)
