"""Values, texts and bytes as somebody would write them who wants a reader to fall."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.sampled_from(
        [
            *(0, -0.0, 1, -1, 1e-320, 5e-324, 1e-150, 1e150, 1e151, 1e155, 1e300, 1.7e308),
            *(-1e155, -1e308, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400),
        ]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "\x00",
                "\ud800",
                "\u202e",
                "\x1b[2J",
                "NaN",
                "Infinity",
                "-Infinity",
                "1e999",
            ),
            *(
                "9" * 5000,
                "../../etc",
                "a" * 300,
                "https://evil.example",
                "<script>",
                "=cmd|' '!A0",
            ),
            *("2026-11-22T01:00:00Z", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00-14:00"),
            *("2026-11-22T01:00:00", "run-1", "${jndi:x}", "{{7*7}}", "%00", "\u2028", "é" * 99),
        ]
    ),
    st.text(max_size=40),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


def as_json(value: Any) -> bytes:
    """Return JSON as another program writes it, halves of surrogate pairs and all."""
    return json.dumps(value).encode()


def changed(field_names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Give values for some of these fields, and for one that nobody knows."""
    return st.dictionaries(st.one_of(st.sampled_from(field_names), TEXTS), VALUES, max_size=5)


@st.composite
def mutated(draw: st.DrawFn, sound: bytes) -> bytes:
    """Give sound bytes, cut, doubled, or with some of them replaced."""
    content = bytearray(sound)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        until = at + draw(st.integers(0, 40))
        content[at:until] = draw(st.one_of(st.binary(max_size=12), TEXTS.map(_as_bytes)))
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")[:60]


@st.composite
def spoiled(draw: st.DrawFn, sound: Any) -> Any:
    """Give a JSON document of which up to three values are others, or left out."""
    paths = list(_paths(sound))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths))
        sound = _replaced(sound, path, draw(st.one_of(st.just(LEFT_OUT), VALUES)))
    return sound


LEFT_OUT = object()
_Path = tuple[str | int, ...]


def _paths(document: Any, above: _Path = ()) -> Iterator[_Path]:
    if above:
        yield above
    inner = document.items() if isinstance(document, dict) else ()
    for name, value in enumerate(document) if isinstance(document, list) else inner:
        yield from _paths(value, (*above, name))


def _replaced(document: Any, path: _Path, value: Any) -> Any:
    """Return a document with another value in one place; unchanged where there is no such place."""
    name, *rest = path
    if not isinstance(document, dict | list) or isinstance(document, list) != isinstance(name, int):
        return document
    copied: Any = document.copy()
    if (name not in copied) if isinstance(copied, dict) else name >= len(copied):
        return document
    if rest:
        copied[name] = _replaced(copied[name], tuple(rest), value)
    elif value is LEFT_OUT:
        del copied[name]
    else:
        copied[name] = value
    return copied
