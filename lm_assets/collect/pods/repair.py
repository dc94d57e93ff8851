"""A snapshot without the fields that are not what they should be, and that no count needs."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

_WHERE = re.compile(r"`\$\.?([^`]*)`$")
_STEP = re.compile(r"([A-Za-z]+)|\[(\d+|\.\.\.)\]")
_MOST_FIELDS = 1_000
# Without them an instant is unknown, which is told where it matters, or a remark is not made.
_NOT_NEEDED = frozenset(
    {
        *("exitCode", "nodeName", "message", "conditions"),
        *("startedAt", "finishedAt", "startTime"),
    }
)
# Whose pod it is and what it was for.
_NEEDED_LABELS = ("spark-role", "spark-app-selector")


def leave_out_odd_fields(items: Iterable[Any], kind: type) -> None:
    """Take out of each item what is not as in its kind and not needed, of all a thousand fields.

    What is needed stays as it is, for whoever converts the items to refuse. Each item is tried on
    its own: the whole once more for every field would take minutes.
    """
    left = _MOST_FIELDS
    for item in items:
        while left and (fault := _fault_of(item, kind)) and _leaves_out(item, fault):
            left -= 1


def _fault_of(item: Any, kind: type) -> str:
    try:
        msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _leaves_out(content: Any, message: str) -> bool:
    """Take the field that a message names out of the content; whether there is one to be spared."""
    where = _WHERE.search(message)
    steps = [name or index for name, index in _STEP.findall(where[1] if where else "")]
    holder = content
    for step in steps:
        if step == "labels":
            return _leaves_out_labels(holder[step])
        if step in _NOT_NEEDED:
            del holder[step]
            return True
        holder = holder[int(step)] if step.isdigit() else holder[step]
    return False


def _leaves_out_labels(labels: Any) -> bool:
    if not isinstance(labels, dict):
        return False
    odd = [
        name
        for name, value in labels.items()
        if not isinstance(value, str) and name not in _NEEDED_LABELS
    ]
    for name in odd:
        del labels[name]
    return bool(odd)
