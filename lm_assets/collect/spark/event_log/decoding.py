"""From a line of an event log to its event."""

from typing import Any

import msgspec

from lm_assets.collect.spark.event_log.events import KINDS, OtherEvent
from lm_assets.collect.spark.event_log.sql_events import SQL_EVENTS

# Spark writes the event's name first; a log that does not is read the slower way.
_PREFIX = b'{"Event":"'
_NAME_AT = len(_PREFIX)

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    **{name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()},
    **SQL_EVENTS,
}
_OTHER = msgspec.json.Decoder(OtherEvent)
# Bound once: a log has millions of events.
_DECODE_BY_RAW_NAME = {name.encode(): decoder.decode for name, decoder in _DECODERS.items()}
_decode_other = _OTHER.decode


def decode_event(beginning: bytes, line: bytes | memoryview) -> object:
    """Return the event that one line holds, or ``OtherEvent`` for one that no figure needs.

    Parameters
    ----------
    beginning : bytes
        The line's first bytes, with its event's name if it is one of Spark's.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        Where the line is no JSON object of the event's shape, no UTF-8, or nested without end.
    """
    if beginning.startswith(_PREFIX):
        name = beginning[_NAME_AT : beginning.find(b'"', _NAME_AT)]
        return _DECODE_BY_RAW_NAME.get(name, _decode_other)(line)
    event: OtherEvent = _decode_other(line)
    decoder = _DECODERS.get(event.name, _OTHER)
    return decoder.decode(line)
