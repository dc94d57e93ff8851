"""Compressed and rolled event logs: same lines whatever wrote them; bombs and cuts are named."""

import gzip
import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cramjam
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.spark.event_log import (
    EventLogBombError,
    EventLogLimits,
    EventLogPart,
    local_event_log_parts,
    parse_event_log,
)
from lm_assets.collect.spark.event_log.codecs import plain_chunks
from lm_assets.model.errors import UnusableInputError
from lm_assets_tests.fakes.large_log import Repeated

LOG = (
    b'{"Event":"SparkListenerApplicationStart","App Name":"a","App ID":"app-1","Timestamp":1000}\n'
    + b'{"Event":"SparkListenerTaskEnd","Task End Reason":{"Reason":"Success"},"Task Info":'
    b'{"Launch Time":1,"Finish Time":9,"Executor ID":"1"}}\n'
    * 400
    + b'{"Event":"SparkListenerApplicationEnd","Timestamp":2000}\n'
)
BLOCK = 1024


def lz4_java(data: bytes, *, block: int = BLOCK) -> bytes:
    """What lz4-java's LZ4BlockOutputStream writes (checksums, which nothing reads, are 0)."""
    out = b""
    for start in range(0, len(data), block):
        original = data[start : start + block]
        packed = bytes(cramjam.lz4.compress_block(original, store_size=False))
        method, stored = (0x10, original) if len(packed) >= len(original) else (0x20, packed)
        out += b"LZ4Block" + struct.pack("<Biii", method, len(stored), len(original), 0) + stored
    return out + b"LZ4Block" + struct.pack("<Biii", 0x10, 0, 0, 0)


def snappy_java(data: bytes, *, block: int = BLOCK) -> bytes:
    """What snappy-java's SnappyOutputStream writes."""
    out = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
    for start in range(0, len(data), block):
        packed = bytes(cramjam.snappy.compress_raw(data[start : start + block]))
        out += struct.pack(">i", len(packed)) + packed
    return out


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def identity(data: bytes) -> bytes:
    return data


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "plain": identity,
    "gz": gzip.compress,
    "zstd": zstd,
    "lz4": lz4_java,
    "snappy": snappy_java,
}
every_codec = pytest.mark.parametrize("codec", CODECS)
every_compressor = pytest.mark.parametrize("codec", [c for c in CODECS if c != "plain"])


def part(name: str, content: bytes) -> EventLogPart:
    return EventLogPart(name=name, open=partial(io.BytesIO, content))


def plain(name: str, content: bytes, **limits: Any) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    chunks = plain_chunks(part(name, content), EventLogLimits(**limits), notes.append)
    return b"".join(chunks), notes


@every_codec
@given(data=st.binary(min_size=1, max_size=4_000))
def test_every_codec_gives_back_what_was_written(codec: str, data: bytes) -> None:
    data = b"{" + data
    assert plain("log", CODECS[codec](data), expansion_grace_bytes=2**20) == (data, [])


@every_compressor
def test_streams_appended_to_each_other_are_read_on(codec: str) -> None:
    compress = CODECS[codec]
    first, second = LOG[:5_000], LOG[5_000:]
    assert plain("log", compress(first) + compress(second)) == (LOG, [])


@every_codec
def test_the_codec_is_told_by_content_and_not_by_name(codec: str) -> None:
    figures = parse_event_log([part("application_1_0001", CODECS[codec](LOG))])
    assert (figures.tasks, figures.duration_s) == (400, 1.0)


@every_compressor
def test_a_cut_log_keeps_what_came_before_the_cut(codec: str) -> None:
    compress = partial(_flushing, codec)
    whole = compress(LOG)
    figures = parse_event_log([part(f"app-1.{codec}", whole[: len(whole) - 40])])
    assert 0 < figures.tasks <= 400
    assert figures.duration_s is None
    assert figures.incomplete == ()


def _flushing(codec: str, data: bytes) -> bytes:
    """Compress as Spark does: flushed on the way, so that a cut loses the tail only."""
    if codec == "gz":
        packer = zlib.compressobj(wbits=31)
        pieces = [data[i : i + 999] for i in range(0, len(data), 999)]
        return (
            b"".join(packer.compress(p) + packer.flush(zlib.Z_SYNC_FLUSH) for p in pieces)
            + packer.flush()
        )
    if codec == "zstd":
        stream = zstandard.ZstdCompressor().compressobj()
        pieces = [data[i : i + 999] for i in range(0, len(data), 999)]
        flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return b"".join(stream.compress(p) + stream.flush(flush) for p in pieces) + stream.flush()
    return CODECS[codec](data)


@pytest.mark.parametrize("codec", ["gz", "lz4", "snappy", "zstd"])
def test_a_log_broken_on_the_way_keeps_what_came_before_and_says_so(codec: str) -> None:
    content = _flushing(codec, LOG * 20)
    middle = len(content) // 2
    broken = content[:middle] + b"\xff" * 64 + content[middle + 64 :]
    figures = parse_event_log([part("app-1", broken)])
    assert 0 < figures.tasks < 20 * 400
    assert figures.notes or figures.malformed_lines


def test_a_middle_part_that_cannot_be_read_to_its_end_makes_the_counts_incomplete() -> None:
    whole = _flushing("gz", LOG[:20_000])
    parts = [
        part("events_1_app-1.gz", whole[:-40]),
        part("events_2_app-1", LOG[20_000:].split(b"\n", 1)[1]),
    ]
    (reason,) = parse_event_log(parts).incomplete
    assert reason.startswith("events_1_app-1.gz: unreadable after ")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("app.zstd", b"not zstd at all", "event_log_unreadable"),
        ("app.gz", b"\x1f\x8b\x08\x00broken beyond the header", "event_log_unreadable"),
        ("app.lz4", b"LZ4Block\x20" + b"\xff" * 12, "event_log_unreadable"),
        ("app.snappy", b"\x82SNAPPY\x00" + b"\x7f" * 12, "event_log_unreadable"),
        ("app.lzf", b"ZV\x01rest", "event_log_codec_unsupported"),
    ],
)
def test_a_part_unreadable_from_its_beginning_is_refused(
    name: str, content: bytes, rule: str
) -> None:
    with pytest.raises(UnusableInputError) as refusal:
        parse_event_log([part(name, content)])
    assert refusal.value.rule == rule
    assert name in refusal.value.detail


@pytest.mark.parametrize("codec", ["gz", "zstd"])
def test_a_bomb_is_refused_by_name_and_in_little_memory(codec: str) -> None:
    bomb = CODECS[codec](bytes(64 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(EventLogBombError, match=r"event_log_bomb: log: \d+ stored bytes gave"):
            parse_event_log(
                [part("log", bomb)],
                limits=EventLogLimits(expansion_grace_bytes=8 * 2**20, max_line_bytes=2**20),
            )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * 2**20


def test_more_than_the_absolute_limit_is_refused() -> None:
    with pytest.raises(EventLogBombError, match="more than 10000 bytes decompressed"):
        plain("log", zstd(LOG), max_decompressed_bytes=10_000)


@every_codec
def test_memory_stays_flat_in_the_size_of_the_log(codec: str) -> None:
    piece = CODECS[codec](LOG * 8)
    peaks = [_peak_memory(piece, copies) for copies in (4, 24)]
    # Six times the log, 8 MB more; the durations, 4 bytes a task, are all that grows.
    assert peaks[1] < peaks[0] + 2**20


def _peak_memory(piece: bytes, copies: int) -> int:
    log = EventLogPart(name="log", open=lambda: Repeated(piece, copies))
    tracemalloc.start()
    try:
        parse_event_log([log], limits=EventLogLimits(expansion_grace_bytes=2**30))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def rolled(numbers: list[int], *, compacted: int | None = None) -> list[EventLogPart]:
    pieces = LOG.splitlines(keepends=True)
    middle = [b"".join(pieces[1:-1])] * len(numbers)
    middle[0] = pieces[0] + middle[0]
    middle[-1] += pieces[-1]
    parts = [part("eventlog_v2_app-1/appstatus_app-1", b"")]
    for number, content in zip(numbers, middle, strict=True):
        ending = ".compact" if number == compacted else ""
        parts.append(part(f"eventlog_v2_app-1/events_{number}_app-1.zstd{ending}", zstd(content)))
    return parts


def test_a_rolling_log_is_read_in_order_of_number_and_not_of_name() -> None:
    figures = parse_event_log(rolled(list(range(1, 12)))[::-1])
    assert (figures.tasks, figures.duration_s, figures.incomplete) == (4_400, 1.0, ())


def test_a_missing_rolled_file_makes_the_counts_incomplete() -> None:
    figures = parse_event_log(rolled([1, 2, 4]))
    assert figures.incomplete == ("1 of the rolled files missing: events_ 3",)


def test_the_first_rolled_file_missing_is_noticed() -> None:
    figures = parse_event_log(rolled([2, 3])[0:1] + rolled([2, 3])[1:])
    assert figures.incomplete[0] == "1 of the rolled files missing: events_ 1"


def test_a_compacted_log_is_read_from_its_compacted_file_and_is_incomplete() -> None:
    stale = part("eventlog_v2_app-1/events_1_app-1.zstd", zstd(LOG))
    figures = parse_event_log([*rolled([2, 3], compacted=2), stale])
    assert figures.tasks == 800
    assert figures.incomplete == (
        "event log was compacted: Spark dropped the events of finished jobs",
    )


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["a", "b"], "event_log_order_unknown"),
        (["events_1_app", "events_1_app.zstd"], "event_log_ambiguous"),
        (["appstatus_app-1"], "event_log_empty"),
        ([], "event_log_empty"),
    ],
)
def test_parts_whose_order_cannot_be_known_are_refused(names: list[str], rule: str) -> None:
    with pytest.raises(UnusableInputError) as refusal:
        parse_event_log([part(name, LOG) for name in names])
    assert refusal.value.rule == rule


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"event_log_not_found: no file or folder .*gone"):
        local_event_log_parts(tmp_path / "gone")


def test_a_folder_on_disk_is_one_log(tmp_path: Path) -> None:
    folder = tmp_path / "eventlog_v2_app-1"
    folder.mkdir()
    for item in rolled([1, 2]):
        with item.open() as source:
            (tmp_path / item.name).write_bytes(source.read())
    assert parse_event_log(local_event_log_parts(folder)).tasks == 800


def test_what_stays_of_a_gzip_member_is_small_whatever_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[int] = []
    true_one = zlib.decompressobj

    class Watched:
        def __init__(self, wbits: int) -> None:
            self._member = true_one(wbits)

        def decompress(self, data: bytes, limit: int) -> bytes:
            given.append(len(data))
            return self._member.decompress(data, limit)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._member, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    stored = gzip.compress(b"") * 20_000
    part = EventLogPart(name="log.gz", open=lambda: io.BytesIO(stored + gzip.compress(LOG)))
    assert b"".join(plain_chunks(part, EventLogLimits(), print)) == LOG
    # What zlib copies at each member's end is what it was given beyond it.
    assert max(given) <= 4096


def test_a_gap_of_a_billion_files_is_told_like_one_of_three() -> None:
    parts = [
        EventLogPart(name=name, open=lambda: io.BytesIO(LOG))
        for name in ("events_1_app", "events_5_app", "events_1000000000_app")
    ]
    (said,) = parse_event_log(parts[:2], limits=EventLogLimits()).incomplete[:1]
    assert said == "3 of the rolled files missing: events_ 2, 3, 4"
    (said,) = parse_event_log(parts, limits=EventLogLimits()).incomplete[:1]
    assert said == "999999997 of the rolled files missing: events_ 2, 3, 4, 6, 7"


def test_a_log_of_nothing_but_executors_is_refused_before_it_fills_the_memory() -> None:
    log = b"".join(
        b'{"Event":"SparkListenerExecutorAdded","Timestamp":1,"Executor ID":"%d",'
        b'"Executor Info":{"Total Cores":1}}\n' % number
        for number in range(200)
    )
    part = EventLogPart(name="log", open=lambda: io.BytesIO(log))
    with pytest.raises(UnusableInputError, match="event_log_too_many: more than 100 executors"):
        parse_event_log([part], limits=EventLogLimits(max_entities=100))


def test_stages_of_jobs_that_ended_are_not_held_twice() -> None:
    job = (
        b'{"Event":"SparkListenerJobStart","Job ID":%d,"Stage IDs":[1,2,3,4]}\n'
        b'{"Event":"SparkListenerJobEnd","Job ID":%d,"Job Result":{"Result":"JobSucceeded"}}\n'
    )
    log = b"".join(job % (number, number) for number in range(50))
    part = EventLogPart(name="log", open=lambda: io.BytesIO(log))
    assert parse_event_log([part], limits=EventLogLimits(max_entities=60)).jobs == 50
