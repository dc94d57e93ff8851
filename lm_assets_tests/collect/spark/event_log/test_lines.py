"""Lines come out of chunks as if the whole text had been split at once."""

from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.spark.event_log.events import KINDS
from lm_assets.collect.spark.event_log.lines import BEGINNING_BYTES, TOO_LONG, lines_of
from lm_assets.collect.spark.event_log.sql_events import SQL_EVENTS

MOST = 6
pieces = st.lists(st.sampled_from([b"\n", b" ", b"\t", b"\r", b"a", b"{}", b"longer than six"]))


def split(text: bytes) -> list[bytes]:
    """Return the lines that are not blank, those too long replaced."""
    lines = text.split(b"\n")
    return [b"" if len(line) > MOST else line for line in lines if len(line) > MOST or line.strip()]


@given(chunks=st.lists(pieces.map(b"".join)))
def test_wherever_the_chunks_are_cut(chunks: list[bytes]):
    found = list(lines_of(chunks, max_line_bytes=MOST))
    assert [bytes(line) for _, line in found] == split(b"".join(chunks))
    assert all(beginning.startswith(line) for beginning, line in found)


def test_the_beginning_of_a_long_line_is_enough_to_name_any_event_that_is_read():
    longest = max((*KINDS, *SQL_EVENTS), key=len)
    line = b'{"Event":"%s","Stage ID":%s}' % (longest.encode(), b"1" * BEGINNING_BYTES)
    for chunks in ([b"x\n", line, b"\n"], [b"x\n" + line + b"\nx"]):
        _, (beginning, found), *_ = lines_of(chunks, max_line_bytes=1_000)
        assert found == line
        assert beginning == line[:BEGINNING_BYTES]
        assert f'{{"Event":"{longest}"'.encode() in beginning


def test_a_line_that_goes_on_without_end_is_not_held():
    chunks = (b"x" * 1_000 for _ in range(1_000))
    assert list(lines_of(chunks, max_line_bytes=MOST)) == [TOO_LONG]
