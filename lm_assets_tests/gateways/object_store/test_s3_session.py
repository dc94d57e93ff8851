"""Times of S3's answers, fast where they have the listing's form and right in every other."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.utils import parse_timestamp

from lm_assets.gateways.object_store.s3_session import parsed_time

NOON = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T12:00:01Z", NOON),
        ("2026-11-22T12:00:01.250Z", NOON + timedelta(milliseconds=250)),
        ("2026-11-22T13:00:01+01:00", NOON),
        ("Sun, 22 Nov 2026 12:00:01 GMT", NOON),
        ("1795348801", NOON),
    ],
)
def test_every_form_of_a_time_is_the_moment_that_botocore_reads(text, expected):
    assert parsed_time(text) == expected == parse_timestamp(text)
    assert parsed_time(text).utcoffset() is not None


def test_a_time_with_a_zone_keeps_it():
    assert parsed_time("2026-11-22T13:00:01+01:00").tzinfo == timezone(timedelta(hours=1))


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match="timestamp"):
        parsed_time("yesterday")
