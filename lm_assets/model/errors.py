"""Errors that a person can act on: each names the thing, the rule and the value."""

import traceback
from collections.abc import Callable
from functools import partial

# A message is read by a person and kept in tables: what it quotes may be a whole input.
_MOST_CHARACTERS = 1000


def cut(text: str, *, most: int = _MOST_CHARACTERS) -> str:
    """Return a text no longer than a message may be.

    Examples
    --------
    >>> cut("abcdef", most=4)
    'abc…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


class LmError(Exception):
    """An error whose message is meant for the person who has to act on it."""


class ConfigurationError(LmError):
    """A configuration file breaks a rule; names the file, the path inside it and the rule."""

    def __init__(self, *, file: str, path: str, rule: str) -> None:
        self.file = file
        self.path = cut(path)
        self.rule = cut(rule)
        super().__init__(f"{file}: {self.path}: {self.rule}")

    def __reduce__(self) -> tuple[Callable[[], "ConfigurationError"], tuple[()]]:
        # Exceptions are rebuilt from their message, which breaks the worker pool that sends one.
        return partial(type(self), file=self.file, path=self.path, rule=self.rule), ()


class UnknownCombinationError(LmError):
    """A name that no combination of the matrix, or more than one, answers to."""


class UnusableInputError(LmError):
    """Input from outside that cannot be used; ``rule`` is the short name kept in quarantine."""

    def __init__(self, rule: str, detail: str) -> None:
        self.rule = rule
        self.detail = cut(detail)
        super().__init__(f"{rule}: {self.detail}")

    def __reduce__(self) -> tuple[type["UnusableInputError"], tuple[str, str]]:
        return type(self), (self.rule, self.detail)


class DataFaultError(LmError):
    """Stored data that is absent, incomplete or contradictory where it must not be."""


def frames_of(error: BaseException) -> str:
    """Return where an error came from and its type, without its text.

    Texts of foreign errors quote addresses, and addresses may hold passwords; a log is read by more
    people than may know them.
    """
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
