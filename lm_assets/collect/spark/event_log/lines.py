"""From chunks of bytes to lines, without ever holding more than one line and one chunk."""

from collections.abc import Iterable, Iterator

# Its first bytes, by which one may tell what it is, and the line.
Line = tuple[bytes, bytes | memoryview]

BEGINNING_BYTES = 100
TOO_LONG: Line = (b"", b"")
# Every byte that is white space is this or less.
_SPACE = ord(" ")


def lines_of(chunks: Iterable[bytes], *, max_line_bytes: int) -> Iterator[Line]:
    """Yield the lines that are not blank, without their ends.

    A line that lies whole in its chunk is a view of it: a log is decompressed about as fast as its
    lines can be copied. Its beginning is at least ``BEGINNING_BYTES`` long, or all of it; after a
    line that is shorter it may go on with the next. A line longer than ``max_line_bytes`` is not
    held: ``TOO_LONG`` stands in its place.
    """
    pieces: list[bytes] = []
    pending_bytes = 0
    for chunk in chunks:
        end = chunk.find(b"\n")
        first = chunk if end < 0 else chunk[:end]
        # Pieces are joined once per line: joining per chunk would be quadratic in a long line.
        if pending_bytes <= max_line_bytes:
            pieces.append(first)
        pending_bytes += len(first)
        if end < 0:
            if pending_bytes > max_line_bytes:
                pieces.clear()
            continue
        yield from _line(pieces, pending_bytes, max_line_bytes)
        view, start = memoryview(chunk), end + 1
        while (end := chunk.find(b"\n", start)) >= 0:
            if end - start > max_line_bytes:
                yield TOO_LONG
            elif chunk[start] > _SPACE or not _is_blank(view[start:end]):
                yield chunk[start : start + BEGINNING_BYTES], view[start:end]
            start = end + 1
        pieces, pending_bytes = [chunk[start:]], len(chunk) - start
    yield from _line(pieces, pending_bytes, max_line_bytes)


def _line(pieces: list[bytes], total_bytes: int, max_line_bytes: int) -> Iterator[Line]:
    if total_bytes > max_line_bytes:
        yield TOO_LONG
        return
    line = b"".join(pieces)
    if not _is_blank(line):
        yield line[:BEGINNING_BYTES], line


def _is_blank(line: bytes | memoryview) -> bool:
    return not line or bytes(line).isspace()
