"""What lies beside an event log and is none: the log is read all the same."""

import io

import pytest

from lm_assets.collect.spark.event_log.parts import EventLogPart, order_parts
from lm_assets.model.errors import UnusableInputError


def named(name: str, content: bytes = b"{}") -> EventLogPart:
    return EventLogPart(name=name, open=lambda: io.BytesIO(content))


@pytest.mark.parametrize(
    "bystander",
    [
        "eventlog/eventlog_v2_app_$folder$",
        "eventlog/_SUCCESS",
        "eventlog/app-1.zstd.inprogress",
        "eventlog/.app-1.zstd.crc",
        "eventlog/app-1.zstd.crc",
        "eventlog/app-1.zstd.tmp",
        "eventlog/app-1.zstd._COPYING_",
        "eventlog/app-1.zstd.md5",
        "eventlog/README.txt",
    ],
)
def test_a_bystander_leaves_the_log(bystander: str) -> None:
    ordered = order_parts([named("eventlog/app-1.zstd"), named(bystander)])
    assert [part.name for part in ordered.parts] == ["eventlog/app-1.zstd"]


def test_an_unfinished_log_by_itself_is_the_log() -> None:
    ordered = order_parts([named("eventlog/app-1.inprogress"), named("eventlog/_SUCCESS")])
    assert [part.name for part in ordered.parts] == ["eventlog/app-1.inprogress"]


ROLLED = "eventlog/eventlog_v2_app-1"
WHOLE = [named(f"{ROLLED}/events_{n}_app-1.zstd") for n in (1, 2)]


def read_of(*more: EventLogPart) -> tuple[list[str], tuple[str, ...]]:
    ordered = order_parts([*WHOLE, *more])
    return [part.name.rpartition("/")[2] for part in ordered.parts], ordered.incomplete


def test_a_log_that_is_named_as_a_note_is_read_where_it_is_alone() -> None:
    assert [part.name for part in order_parts([named("eventlog.txt")]).parts] == ["eventlog.txt"]


@pytest.mark.parametrize("name", ["driver.log", "README.md", "app-1.zstd"])
def test_what_bears_no_number_is_no_part_of_a_rolling_log(name: str) -> None:
    assert read_of(named(f"{ROLLED}/{name}", b"words")) == (BOTH, ())


BOTH = ["events_1_app-1.zstd", "events_2_app-1.zstd"]


class TestAnUnfinishedPartOfARollingLog:
    @pytest.mark.parametrize("content", [b"", b"{}"], ids=["empty", "begun"])
    @pytest.mark.parametrize(
        "name",
        [
            "events_1_app-1.tmp",
            "events_1_app-1.zstd.inprogress",
            "events_2_app-1.zstd.compact.inprogress",
            "events_2_app-1.zstd.part",
        ],
    )
    def test_beside_the_whole_one_is_passed_over(self, name: str, content: bytes) -> None:
        assert read_of(named(f"{ROLLED}/{name}", content)) == (BOTH, ())

    def test_by_itself_is_passed_over_where_it_is_empty(self) -> None:
        assert read_of(named(f"{ROLLED}/events_3_app-1.zstd.tmp", b"")) == (BOTH, ())

    def test_at_the_end_is_read_as_what_was_written_so_far(self) -> None:
        names, incomplete = read_of(named(f"{ROLLED}/events_3_app-1.zstd.inprogress"))
        assert (names[-1], incomplete) == ("events_3_app-1.zstd.inprogress", ())

    def test_before_the_end_makes_the_log_incomplete(self) -> None:
        unfinished = named(f"{ROLLED}/events_3_app-1.tmp")
        names, incomplete = read_of(unfinished, named(f"{ROLLED}/events_4_app-1.zstd"))
        assert len(names) == 4
        assert incomplete == ("events_3_app-1.tmp is not finished",)

    def test_in_the_place_of_a_whole_one_is_a_gap_where_it_is_empty(self) -> None:
        empty = named(f"{ROLLED}/events_3_app-1.tmp", b"")
        _, incomplete = read_of(empty, named(f"{ROLLED}/events_4_app-1.zstd"))
        assert incomplete == ("1 of the rolled files missing: events_ 3",)

    def test_does_not_excuse_two_whole_ones_of_one_number(self) -> None:
        with pytest.raises(UnusableInputError, match="two files with the number 1"):
            order_parts([*WHOLE, named(f"{ROLLED}/events_1_app-2.zstd")])


def test_a_log_of_nothing_but_an_empty_unfinished_part_is_empty() -> None:
    with pytest.raises(UnusableInputError, match="event_log_empty"):
        order_parts([named("eventlog/app-1.tmp", b"")])
