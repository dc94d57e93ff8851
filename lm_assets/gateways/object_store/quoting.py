"""Names from outside in messages: escaped, and never longer than a line."""

_QUOTED_CHARACTERS = 80


def quoted(text: str) -> str:
    """Return the text for a message: escaped, and cut when it is long."""
    if len(text) <= _QUOTED_CHARACTERS:
        return ascii(text)
    return f"{text[:_QUOTED_CHARACTERS]!a}… ({len(text)} characters)"
