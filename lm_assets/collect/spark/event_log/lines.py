"""From chunks of bytes to lines, without ever holding more than one line and one chunk."""

from collections.abc import Iterable, Iterator

TOO_LONG = b""


def lines_of(chunks: Iterable[bytes], *, max_line_bytes: int) -> Iterator[bytes]:
    """Yield the lines that are not blank, without their ends.

    A line longer than ``max_line_bytes`` is not held: ``TOO_LONG`` stands in its place.
    """
    pieces: list[bytes] = []
    pending_bytes = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        # Pieces are joined once per line: joining per chunk would be quadratic in a long line.
        if pending_bytes <= max_line_bytes:
            pieces.append(first)
        pending_bytes += len(first)
        if not others:
            if pending_bytes > max_line_bytes:
                pieces.clear()
            continue
        yield from _line(pieces, pending_bytes, max_line_bytes)
        last = others.pop()
        # Nearly every line lies whole in its chunk, and needs no joining.
        for line in others:
            if len(line) > max_line_bytes:
                yield TOO_LONG
            elif line and not line.isspace():
                yield line
        pieces, pending_bytes = [last], len(last)
    yield from _line(pieces, pending_bytes, max_line_bytes)


def _line(pieces: list[bytes], total_bytes: int, max_line_bytes: int) -> Iterator[bytes]:
    if total_bytes > max_line_bytes:
        yield TOO_LONG
        return
    line = b"".join(pieces)
    if line and not line.isspace():
        yield line
