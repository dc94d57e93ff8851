"""One number in JSON, whatever wrote it: 3.0 is 3."""

from typing import Any


def whole_numbers(value: Any) -> Any:
    """Return a value with every whole number in it as an int.

    Examples
    --------
    >>> whole_numbers({"restartCount": 1.0, "shares": [0.5, 2.0]})
    {'restartCount': 1, 'shares': [0.5, 2]}
    """
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
