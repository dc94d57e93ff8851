"""A snapshot without the fields that are not what they should be, and that no count needs."""

import re
from typing import Any, TypeVar

import msgspec

_Kind = TypeVar("_Kind")
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


def converted(content: Any, kind: type[_Kind]) -> _Kind:
    """Return content as what it should be, without what is odd in it and not needed.

    Raises
    ------
    msgspec.ValidationError
        Where a field that a count rests on is not what it should be.
    """
    for _ in range(_MOST_FIELDS):
        try:
            return msgspec.convert(content, kind)
        except msgspec.ValidationError as error:
            if not _leaves_out(content, str(error)):
                raise
    return msgspec.convert(content, kind)


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
