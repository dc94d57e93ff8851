"""JSON written by others, read into plain values that everything downstream can hold.

``json.loads`` lets through what later breaks far from its cause: text that no store takes, numbers
that are none, nesting that exhausts the stack of the next reader, and two values for one field of
which it silently keeps the last. Here each is refused by name.
"""

import json
import math
from typing import Any, NoReturn

from lm_assets.model.errors import UnusableInputError

# Objects of objects of lists: nothing that a load runner has to say is nested deeper.
MAX_DEPTH = 32


def read_foreign_json(content: bytes) -> Any:
    """Return the value that one JSON text in UTF-8 holds; a byte order mark is allowed.

    Raises
    ------
    UnusableInputError
        With the rule that the text breaks: ``not_utf8``, ``not_json``, ``not_finite`` (NaN,
        Infinity or beyond the range of a float), ``duplicate_field``, ``too_deep``,
        ``unstorable_text`` (NUL or half a surrogate pair).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInputError("not_utf8", f"byte {error.start}: {error.reason}") from error
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise UnusableInputError("not_json", str(error)) from error
    if _may_hold_what_no_store_takes(text):
        _refuse_what_no_store_takes(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableInputError("duplicate_field", f"{twice[:80]!a} is given more than once")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise UnusableInputError("not_finite", f"{name} is no measurement; leave the field out instead")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnusableInputError("not_finite", f"{text[:80]} is beyond the range of a number")
    return value


# Made once: `json.loads` makes one for every line that has hooks.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
)


def _may_hold_what_no_store_takes(text: str) -> bool:
    """Tell whether a closer look is due: plain flat lines, which nearly all are, need none."""
    return not text.isascii() or "\\u" in text or text.count("[") + text.count("{") >= MAX_DEPTH


def _refuse_what_no_store_takes(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _refuse_unstorable(item)
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        level = below
    raise _too_deep()


def _too_deep() -> UnusableInputError:
    return UnusableInputError("too_deep", f"nested deeper than {MAX_DEPTH} levels")


def _refuse_unstorable(text: str) -> None:
    # Postgres takes no NUL in text, and half a surrogate pair has no UTF-8.
    if "\x00" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise UnusableInputError(
            "unstorable_text", f"{text[:80]!a} holds NUL or half a surrogate pair"
        )
