"""How long each kind of data is kept."""

from dataclasses import dataclass
from datetime import timedelta

# A century; beyond it dates overflow before anything expires.
LONGEST_RETENTION_DAYS = 36_500
# Longer than a campaign takes to land, so that none of it has expired when it is closed.
_CLOSED_BEFORE_EXPIRY = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """Days for which raw data (records, incoming, quarantine) and aggregates are kept."""

    raw_days: int = 30
    aggregated_days: int = 365

    def __post_init__(self) -> None:
        for name in ("raw_days", "aggregated_days"):
            if not 1 <= getattr(self, name) <= LONGEST_RETENTION_DAYS:
                raise ValueError(
                    f"{name} must lie within 1 and {LONGEST_RETENTION_DAYS}, "
                    f"got {getattr(self, name)!r}"
                )
        if self.aggregated_days < self.raw_days:
            raise ValueError(
                "aggregated_days must not be below raw_days, "
                f"got {self.aggregated_days!r} and {self.raw_days!r}"
            )

    @property
    def closing_after(self) -> timedelta:
        """Age of a campaign's first landed object from which on nothing starts it by itself.

        A week before that object expires, or half its days where they are fewer than two weeks.
        """
        kept = timedelta(days=self.raw_days)
        return max(kept - _CLOSED_BEFORE_EXPIRY, kept / 2)
