"""The stored form of canonical records and quarantined lines: JSONL, byte for byte repeatable."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import RunRecord

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="sorted")
_record_decoder = msgspec.json.Decoder(RunRecord)


def record_to_json(record: RunRecord) -> bytes:
    """Return one record as one JSON line without its line end; keys sorted, times in UTC."""
    return _encoder.encode(record)


def record_from_json(line: bytes) -> RunRecord:
    """Return the record a stored line holds.

    Raises
    ------
    DataFaultError
        When the line is not a canonical record.
    """
    try:
        return _record_decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DataFaultError(f"not a canonical record: {error}; line: {line[:200]!r}") from error


def to_jsonl(rows: Iterable[object]) -> bytes:
    """Return rows (dataclasses or mappings) as JSONL, keys sorted."""
    return b"".join(_encoder.encode(row) + b"\n" for row in rows)


def from_jsonl(data: bytes, row_type: type[T], *, source: str) -> Iterator[T]:
    """Yield the rows of a JSONL object.

    Raises
    ------
    DataFaultError
        Naming the source and line that is not such a row.
    """
    decoder = msgspec.json.Decoder(row_type)
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            yield decoder.decode(line)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise DataFaultError(
                f"{source} line {number} is no {row_type.__name__}: {error}"
            ) from error


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC, so that equal moments have equal stored forms."""
    return moment.astimezone(UTC)
