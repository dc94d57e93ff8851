"""How long each kind of data is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """Days for which raw data (records, incoming, quarantine) and aggregates are kept."""

    raw_days: int = 30
    aggregated_days: int = 365

    def __post_init__(self) -> None:
        for name in ("raw_days", "aggregated_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or above, got {getattr(self, name)!r}")
        if self.aggregated_days < self.raw_days:
            raise ValueError(
                "aggregated_days must not be below raw_days, "
                f"got {self.aggregated_days!r} and {self.raw_days!r}"
            )
