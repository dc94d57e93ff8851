"""Lines come out of chunks as if the whole text had been split at once."""

from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.spark.event_log.lines import TOO_LONG, lines_of

MOST = 6
pieces = st.lists(st.sampled_from([b"\n", b" ", b"\t", b"\r", b"a", b"{}", b"longer than six"]))


def split(text: bytes) -> list[bytes]:
    """Return the lines that are not blank, those too long replaced."""
    lines = text.split(b"\n")
    return [
        TOO_LONG if len(line) > MOST else line for line in lines if len(line) > MOST or line.strip()
    ]


@given(chunks=st.lists(pieces.map(b"".join)))
def test_wherever_the_chunks_are_cut(chunks: list[bytes]):
    found = [bytes(line) for line in lines_of(chunks, max_line_bytes=MOST)]
    assert found == split(b"".join(chunks))


def test_a_line_that_goes_on_without_end_is_not_held():
    chunks = (b"x" * 1_000 for _ in range(1_000))
    assert list(lines_of(chunks, max_line_bytes=MOST)) == [TOO_LONG]
