"""What values of a policy are refused, each by its name and its value."""

import math


def open_fraction(name: str, value: float) -> None:
    """Refuse what does not lie between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")


def share(name: str, value: float) -> None:
    """Refuse what is no share from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be a share from 0 to 1, got {value!r}")


def positive(name: str, value: float) -> None:
    """Refuse what is not finite and above 0."""
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{name} must be finite and above 0, got {value!r}")


def at_least(name: str, value: int, minimum: int) -> None:
    """Refuse what is below a minimum."""
    if value < minimum:
        raise ValueError(f"{name} must be {minimum} or above, got {value!r}")
