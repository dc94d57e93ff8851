"""The block framings in which Spark writes lz4 and snappy."""

from collections.abc import Iterator
from typing import BinaryIO

import cramjam

from lm_assets.model.errors import UnusableInputError

LZ4_MAGIC = b"LZ4Block"
SNAPPY_MAGIC = b"\x82SNAPPY\x00"

_LZ4_HEADER_BYTES = 21
_LZ4_RAW, _LZ4_COMPRESSED = 0x10, 0x20
_SNAPPY_VERSIONS_BYTES = 8
# The most that lz4-java writes; Spark's default for both codecs is 32 KiB.
_MAX_BLOCK_BYTES = 32 * 2**20


class CutFrameError(Exception):
    """The data ends inside a block: the writer died or the copy was cut."""


class CorruptFrameError(UnusableInputError):
    """A block that breaks its format; names the rule and the value."""

    def __init__(self, detail: str) -> None:
        super().__init__("event_log_corrupt", detail)


def lz4_chunks(source: BinaryIO) -> Iterator[bytes]:
    """Yield what lz4-java's block stream holds: header, block, ..., end mark, perhaps repeated.

    The checksums are not verified: a wrong byte shows as a malformed block or line.
    """
    while header := source.read(_LZ4_HEADER_BYTES):
        if len(header) < _LZ4_HEADER_BYTES:
            raise CutFrameError("lz4 block header")
        if not header.startswith(LZ4_MAGIC):
            raise CorruptFrameError(f"lz4 block must begin with {LZ4_MAGIC!r}, got {header[:8]!r}")
        stored_bytes = _block_length(header[9:13], "little")
        original_bytes = _block_length(header[13:17], "little")
        block = _read_exactly(source, stored_bytes)
        if original_bytes:
            yield _lz4_block(header[8] & 0xF0, block, original_bytes)


def snappy_chunks(source: BinaryIO) -> Iterator[bytes]:
    """Yield what snappy-java's stream holds: magic, versions, then length and block, repeated."""
    while prefix := source.read(4):
        if len(prefix) < 4:
            raise CutFrameError("snappy block length")
        if prefix == SNAPPY_MAGIC[:4]:
            # Appended streams each bring their own header.
            _read_exactly(source, len(SNAPPY_MAGIC) - 4 + _SNAPPY_VERSIONS_BYTES)
            continue
        block = _read_exactly(source, _block_length(prefix, "big"))
        yield _snappy_block(block)


def _lz4_block(method: int, block: bytes, original_bytes: int) -> bytes:
    if method == _LZ4_RAW:
        chunk = block
    elif method == _LZ4_COMPRESSED:
        try:
            chunk = bytes(cramjam.lz4.decompress_block(block, output_len=original_bytes))
        except cramjam.DecompressionError as error:
            raise CorruptFrameError(f"lz4 block: {error}") from error
    else:
        raise CorruptFrameError(f"lz4 block method must be 0x10 or 0x20, got {method:#x}")
    if len(chunk) != original_bytes:
        raise CorruptFrameError(f"lz4 block must give {original_bytes} bytes, got {len(chunk)}")
    return chunk


def _snappy_block(block: bytes) -> bytes:
    try:
        original_bytes = cramjam.snappy.decompress_raw_len(block)
        if original_bytes > _MAX_BLOCK_BYTES:
            raise CorruptFrameError(f"snappy block must be small, says {original_bytes} bytes")
        return bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise CorruptFrameError(f"snappy block: {error}") from error


def _block_length(field: bytes, byteorder: str) -> int:
    length = int.from_bytes(field, "little" if byteorder == "little" else "big")
    if length > _MAX_BLOCK_BYTES:
        raise CorruptFrameError(f"block length must be ≤ {_MAX_BLOCK_BYTES} bytes, got {length}")
    return length


def _read_exactly(source: BinaryIO, length: int) -> bytes:
    block = source.read(length)
    if len(block) < length:
        raise CutFrameError(f"block of {length} bytes")
    return block
