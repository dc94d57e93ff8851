"""A clock that stands still until it is told to move."""

from datetime import UTC, datetime, timedelta


class FixedClock:
    """Satisfies `Clock`."""

    def __init__(self, moment: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        """Move on by a duration, in the words of `timedelta`."""
        self.moment += timedelta(**duration)
