"""What a recording consists of, and the files that it puts in place."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from settings import Change


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Where the recording reads and writes, and how it runs."""

    interpreters: dict[str, Path]
    root: Path
    out: Path
    prefix: str
    runs: int
    seed: int
    cpu: int
    nice: int

    def campaign(self, name: str) -> str:
        """Return the id of the campaign of this name."""
        return f"{self.prefix}-{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPlan:
    """What a campaign's manifest says of it.

    ``changes`` is what is not as usual, by combination.
    """

    name: str
    combinations: list[str]
    labels: dict[str, str]
    notes: str
    changes: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadRun:
    """One execution of one combination in the campaign of this name.

    ``table`` is the folder of the sales that it reads, and ``has_neighbour`` whether another
    program computes on the same core meanwhile.
    """

    campaign: str
    combination: str
    dimensions: dict[str, str]
    number: int
    table: str
    change: Change | None = None
    has_neighbour: bool = False

    @property
    def run_id(self) -> str:
        """The run's name within its campaign and combination."""
        return f"run-{self.number}"


def timestamp(moment: datetime) -> str:
    """Return `moment` in ISO 8601, UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def combinations(matrix: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return every combination of the matrix by its id, sorted."""
    names = list(matrix["dimensions"])
    cells = itertools.product(*matrix["dimensions"].values())
    every = (dict(zip(names, values, strict=True)) for values in cells)
    return dict(sorted((matrix["id_format"].format(**cell), cell) for cell in every))


def write_whole(path: Path, text: str) -> None:
    """Put a file in place in one step, so that it is either whole or not there."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
