"""One thing that a deployment needs, and how it is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from lm_assets.model.errors import LmError


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CONFIGURED = "not configured"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """How one thing is: ``found`` in a few words, ``advice`` on what to do where it is not well."""

    what: str
    health: Health
    found: str
    advice: str = ""


def diagnose(what: str, ask: Callable[[], str], *, advice: str) -> Diagnosis:
    """Return OK with what ``ask`` found, or FAILED with what went wrong and the advice.

    Only errors that a person can act on are a diagnosis; any other is a fault of the platform.
    """
    try:
        found = ask()
    except LmError as error:
        return Diagnosis(what=what, health=Health.FAILED, found=str(error), advice=advice)
    return Diagnosis(what=what, health=Health.OK, found=found)


def not_configured(what: str, variable: str, without: str) -> Diagnosis:
    """Return the diagnosis of something optional that the environment does not name."""
    return Diagnosis(
        what=what,
        health=Health.NOT_CONFIGURED,
        found=f"{variable} is not set: {without}",
    )
