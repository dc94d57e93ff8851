"""YAML as nodes that know their line and path: what the catalogue's decoder walks.

Built straight from the parser's events: no tag is ever constructed, aliases do not exist, and
1,280 combinations cost half a second where a safe load of the same text costs four.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias, TypeVar

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from lm_assets.model.errors import ConfigurationError

T = TypeVar("T")

# A node is (line, kind, content): kind "" is a plain scalar, '"' a quoted one, "[" a sequence of
# nodes, "{" a flat list of key, value, key, value. Tuples, because there are half a million.
Node: TypeAlias = tuple[int, str, Any]

_TEXT = frozenset({"", '"'})
_MAX_DEPTH = 16
_EXTRAS = "anchors and tags are not read; write plain values"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class At:
    """Where in which file a node stands: makes errors that a person can go to.

    A catalogue makes a hundred thousand of them and asks none: the path is put together when an
    error needs it.
    """

    __slots__ = ("_file", "_name", "_parent")

    def __init__(self, file: str, parent: "At | None" = None, name: str = "") -> None:
        self._file = file
        self._parent = parent
        self._name = name

    def __truediv__(self, name: str) -> "At":
        return At(self._file, self, name)

    def _path(self) -> str:
        names: list[str] = []
        place = self
        while place._parent is not None:
            names.append(place._name)
            place = place._parent
        return ".".join(reversed(names)) or "$"

    def refuse(self, node: Node, rule: str) -> NoReturn:
        """Raise the error for a node that breaks a rule."""
        raise ConfigurationError(file=f"{self._file}:{node[0]}", path=self._path(), rule=rule)

    def mapping(self, node: Node) -> dict[str, Node]:
        """Return a mapping's nodes by key; anything else and repeated keys are refused."""
        _, kind, content = node
        if kind != "{":
            self.refuse(node, f"must be a mapping, got {_shown(node)}")
        found: dict[str, Node] = {}
        for index in range(0, len(content), 2):
            key = content[index]
            if key[1] not in _TEXT:
                self.refuse(key, f"keys must be text, got {_shown(key)}")
            if key[2] in found:
                self.refuse(
                    key, f"the key {key[2]!r} stands twice (first in line {found[key[2]][0]})"
                )
            found[key[2]] = content[index + 1]
        return found

    def fields(
        self, node: Node, required: frozenset[str], optional: frozenset[str]
    ) -> dict[str, Node]:
        """Return a mapping's nodes; absent required and unknown keys are refused."""
        found = self.mapping(node)
        if found.keys() == required:
            return found
        if unknown := sorted(found.keys() - required - optional):
            self.refuse(
                found[unknown[0]],
                f"unknown key {unknown[0]!r}; known: {sorted(required | optional)}",
            )
        if absent := sorted(required - found.keys()):
            self.refuse(node, f"lacks the required keys {absent}")
        return found

    def items(self, node: Node) -> list[Node]:
        """Return a sequence's nodes."""
        if node[1] != "[":
            self.refuse(node, f"must be a list, got {_shown(node)}")
        items: list[Node] = node[2]
        return items

    def text(self, node: Node) -> str:
        """Return a text; an unquoted null is refused."""
        _, kind, content = node
        if kind not in _TEXT or (kind == "" and content in {"", "~", "null"}):
            self.refuse(node, f"must be text, got {_shown(node)}")
        text: str = content
        return text

    def number(self, node: Node) -> float:
        """Return a finite number in plain decimal spelling."""
        _, kind, content = node
        if kind != "" or not _NUMBER.fullmatch(content):
            self.refuse(node, f"must be a plain decimal number, got {_shown(node)}")
        return float(content)

    def numbers(self, node: Node) -> tuple[float, ...]:
        """Return a list of finite numbers in plain decimal spelling."""
        items = self.items(node)
        if all(kind == "" and _NUMBER.fullmatch(content) for _, kind, content in items):
            return tuple([float(content) for _, _, content in items])
        return tuple(map(self.number, items))

    def checked(self, node: Node, make: Callable[[], T]) -> T:
        """Return what ``make`` returns; a ValueError becomes the error for this node."""
        try:
            return make()
        except ValueError as error:
            self.refuse(node, str(error))


def is_null(node: Node) -> bool:
    """Return whether a node is YAML's null."""
    return node[1] == "" and node[2] in {"", "~", "null"}


def parse_nodes(text: str, file: str) -> Node | None:
    """Return the one document of a YAML text as nodes, or ``None`` when it has none.

    Raises
    ------
    ConfigurationError
        When the text is not YAML, has aliases, anchors, tags or several documents, or nests deeper
        than a catalogue ever does.
    """
    try:
        return _document(yaml.CSafeLoader(text), file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        rule = f"is not YAML: {getattr(error, 'problem', None) or error}"
        raise ConfigurationError(file=f"{file}:{line}", path="$", rule=rule) from error


def _document(loader: Any, file: str) -> Node | None:
    # A quarter of a million events: what is looked up once is not looked up for each.
    stack: list[list[Node]] = []
    roots: list[Node] = []
    siblings = roots
    for event in iter(loader.get_event, None):
        kind = type(event)
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                _refuse_event(event, file, _EXTRAS)
            siblings.append((event.start_mark.line + 1, '"' if event.style else "", event.value))
        elif kind is SequenceEndEvent or kind is MappingEndEvent:
            siblings = stack.pop()
        elif kind is SequenceStartEvent or kind is MappingStartEvent:
            if event.anchor is not None or event.tag is not None:
                _refuse_event(event, file, _EXTRAS)
            children: list[Node] = []
            bracket = "[" if kind is SequenceStartEvent else "{"
            siblings.append((event.start_mark.line + 1, bracket, children))
            stack.append(siblings)
            siblings = children
            if len(stack) > _MAX_DEPTH:
                _refuse_event(event, file, f"nests deeper than {_MAX_DEPTH} levels")
        elif kind is AliasEvent:
            _refuse_event(event, file, "aliases are not read; write the value out")
        elif kind is DocumentStartEvent and roots:
            _refuse_event(event, file, "holds a second document; only one is read")
    return roots[0] if roots else None


def _refuse_event(event: Any, file: str, rule: str) -> NoReturn:
    raise ConfigurationError(file=f"{file}:{event.start_mark.line + 1}", path="$", rule=rule)


def _shown(node: Node) -> str:
    _, kind, content = node
    names = {"[": "a list", "{": "a mapping"}
    return names.get(kind) or (f"{content[:60]!r}" if content or kind else "nothing")
