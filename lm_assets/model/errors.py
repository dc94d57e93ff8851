"""Errors that a person can act on: each names the thing, the rule and the value."""

from collections.abc import Callable
from functools import partial


class LmError(Exception):
    """An error whose message is meant for the person who has to act on it."""


class ConfigurationError(LmError):
    """A configuration file breaks a rule; names the file, the path inside it and the rule."""

    def __init__(self, *, file: str, path: str, rule: str) -> None:
        super().__init__(f"{file}: {path}: {rule}")
        self.file = file
        self.path = path
        self.rule = rule

    def __reduce__(self) -> tuple[Callable[[], "ConfigurationError"], tuple[()]]:
        # Exceptions are rebuilt from their message, which breaks the worker pool that sends one.
        return partial(type(self), file=self.file, path=self.path, rule=self.rule), ()


class UnknownCombinationError(LmError):
    """A name that no combination of the matrix, or more than one, answers to."""


class UnusableInputError(LmError):
    """Input from outside that cannot be used; ``rule`` is the short name kept in quarantine."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail

    def __reduce__(self) -> tuple[type["UnusableInputError"], tuple[str, str]]:
        return type(self), (self.rule, self.detail)


class DataFaultError(LmError):
    """Stored data that is absent, incomplete or contradictory where it must not be."""
