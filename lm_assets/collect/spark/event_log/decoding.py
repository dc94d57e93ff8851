"""From a line of an event log to its event."""

from typing import Any

import msgspec

from lm_assets.collect.spark.event_log.events import KINDS, OtherEvent
from lm_assets.collect.spark.event_log.sql_events import SQL_EVENTS

# Spark writes the event's name first; a log that does not is read the slower way.
_PREFIX = b'{"Event":"'

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    **{name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()},
    **SQL_EVENTS,
}
_OTHER = msgspec.json.Decoder(OtherEvent)
_BY_RAW_NAME = {name.encode(): decoder for name, decoder in _DECODERS.items()}
_BEGINNING_BYTES = len(_PREFIX) + max(map(len, _BY_RAW_NAME)) + 1


def decode_event(line: bytes | memoryview) -> object:
    """Return the event that one line holds, or ``OtherEvent`` for one that no figure needs.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        Where the line is no JSON object of the event's shape, no UTF-8, or nested without end.
    """
    beginning = bytes(line[:_BEGINNING_BYTES])
    if beginning.startswith(_PREFIX):
        start = len(_PREFIX)
        decoder = _BY_RAW_NAME.get(beginning[start : beginning.find(b'"', start)], _OTHER)
        return decoder.decode(line)
    event: OtherEvent = _OTHER.decode(line)
    decoder = _DECODERS.get(event.name, _OTHER)
    return decoder.decode(line)
