"""What lies beside an event log and is none: the log is read all the same."""

import io

import pytest

from lm_assets.collect.spark.event_log.parts import EventLogPart, order_parts


def named(name: str) -> EventLogPart:
    return EventLogPart(name=name, open=lambda: io.BytesIO(b"{}"))


@pytest.mark.parametrize(
    "bystander",
    [
        "eventlog/eventlog_v2_app_$folder$",
        "eventlog/_SUCCESS",
        "eventlog/app-1.zstd.inprogress",
        "eventlog/.app-1.zstd.crc",
        "eventlog/app-1.zstd.crc",
    ],
)
def test_a_bystander_leaves_the_log(bystander: str) -> None:
    ordered = order_parts([named("eventlog/app-1.zstd"), named(bystander)])
    assert [part.name for part in ordered.parts] == ["eventlog/app-1.zstd"]


def test_an_unfinished_log_by_itself_is_the_log() -> None:
    ordered = order_parts([named("eventlog/app-1.inprogress"), named("eventlog/_SUCCESS")])
    assert [part.name for part in ordered.parts] == ["eventlog/app-1.inprogress"]
