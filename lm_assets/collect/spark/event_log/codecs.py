"""From the stored bytes of one part to plain bytes, whatever compressed them, within limits."""

import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

import zstandard

from lm_assets.collect.spark.event_log.framing import (
    LZ4_MAGIC,
    SNAPPY_MAGIC,
    CorruptFrameError,
    CutFrameError,
    lz4_chunks,
    snappy_chunks,
)
from lm_assets.collect.spark.event_log.limits import EventLogBombError, EventLogLimits
from lm_assets.collect.spark.event_log.parts import EventLogPart
from lm_assets.model.errors import UnusableInputError

# What a core's cache holds: longer pieces cost twice the copying.
_READ_BYTES = 1 << 18
# What a broken stream loses of what came before the break is at most this much.
_CHUNK_BYTES = 1 << 16
_GZIP_WBITS = 31
_GZIP_READ_BYTES = 1 << 12
# 128 MiB, the largest window that zstd itself opens unasked.
_ZSTD_MAX_WINDOW_BYTES = 1 << 27
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_MAGIC = b"\x1f\x8b"
_LZF_MAGIC = b"ZV"


class CountingReader(io.RawIOBase):
    """Passes a stored stream on and counts what was read of it."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.bytes_read = 0

    def readable(self) -> bool:
        """Whether there is anything to read: always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the stored stream."""
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.bytes_read += len(data)
        return len(data)


def plain_chunks(
    part: EventLogPart, limits: EventLogLimits, note: Callable[[str], None]
) -> Iterator[bytes]:
    """Yield the decompressed bytes of one part; the codec is told by content, not by name.

    Data that is cut or becomes unreadable on the way ends the part: what came before is kept and
    ``note`` is told. A part that cannot be read from its very beginning is an error.

    Raises
    ------
    EventLogBombError
        Where more comes out than the limits allow.
    UnusableInputError
        Where the codec is unknown or the first block is unreadable.
    """
    with part.open() as stored:
        counter = CountingReader(stored)
        source = io.BufferedReader(counter, _READ_BYTES)
        chunks = _codec(part.name, source.peek(16)[:16])(source)
        given = 0
        while True:
            try:
                chunk = next(chunks, None)
            except (CutFrameError, CorruptFrameError, zlib.error, zstandard.ZstdError) as error:
                if not given:
                    raise UnusableInputError(
                        "event_log_unreadable", f"{part.name}: {error}"
                    ) from error
                note(f"{part.name}: unreadable after {given} bytes ({error}); the rest is missing")
                return
            if chunk is None:
                return
            given += len(chunk)
            _check_expansion(part.name, stored=counter.bytes_read, given=given, limits=limits)
            yield chunk


def _codec(name: str, beginning: bytes) -> Callable[[BinaryIO], Iterator[bytes]]:
    for magic, codec in _CODECS.items():
        if beginning.startswith(magic):
            return codec
    if beginning.startswith(_LZF_MAGIC):
        raise UnusableInputError(
            "event_log_codec_unsupported",
            f"{name}: lzf is not read; set spark.io.compression.codec to zstd, lz4 or snappy",
        )
    # Spark's names for its codecs: a promised codec whose magic is missing is not plain text.
    promised = name.removesuffix(".compact").removesuffix(".inprogress").rsplit(".", 1)[-1]
    if beginning and promised in {"zstd", "zst", "lz4", "snappy", "gz", "lzf"}:
        raise UnusableInputError(
            "event_log_unreadable", f"{name}: not {promised}, begins with {beginning[:8]!r}"
        )
    return _plain


def _plain(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(_READ_BYTES):
        yield chunk


def _gzip(source: BinaryIO) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP_WBITS)
    pending = b""
    # A member's end copies what was given beyond it: little at a time keeps that linear.
    while data := pending or source.read(_GZIP_READ_BYTES):
        if member.eof:
            # Zero padding after the last member is what tar and tape leave.
            if not data.strip(b"\x00"):
                pending = b""
                continue
            member = zlib.decompressobj(_GZIP_WBITS)
        if chunk := member.decompress(data, _CHUNK_BYTES):
            yield chunk
        pending = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        if rest := member.flush():
            yield rest
        if not member.eof:
            raise CutFrameError("gzip member has no end")


def _zstd(source: BinaryIO) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW_BYTES)
    with decompressor.stream_reader(source, read_size=1 << 17, read_across_frames=True) as reader:
        while chunk := reader.read(_CHUNK_BYTES):
            yield chunk


def _check_expansion(name: str, *, stored: int, given: int, limits: EventLogLimits) -> None:
    if given > limits.max_decompressed_bytes:
        raise EventLogBombError(
            f"{name}: more than {limits.max_decompressed_bytes} bytes decompressed"
        )
    if given > limits.expansion_grace_bytes and given > limits.max_expansion * stored:
        raise EventLogBombError(
            f"{name}: {stored} stored bytes gave {given}, more than {limits.max_expansion:g} times"
        )


_CODECS: dict[bytes, Callable[[BinaryIO], Iterator[bytes]]] = {
    _GZIP_MAGIC: _gzip,
    _ZSTD_MAGIC: _zstd,
    LZ4_MAGIC: lz4_chunks,
    SNAPPY_MAGIC: snappy_chunks,
}
