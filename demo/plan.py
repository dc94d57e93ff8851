"""Which load runs the recording has, in which order, and the files that it puts in place."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KINDS = ("baseline", "same", "changed")


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

    def campaign(self, kind: str) -> str:
        """Return the campaign's id."""
        return f"{self.prefix}-{kind}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadRun:
    """One execution of one combination in one campaign."""

    kind: str
    combination: str
    dimensions: dict[str, str]
    number: int

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


def schedule(cells: dict[str, dict[str, str]], *, runs: int, seed: int) -> Iterator[LoadRun]:
    """Yield the load runs in the order of the recording.

    Five rounds, each with the combinations in a new random order. A combination's three campaigns
    follow one another directly; baseline and same take turns in going first, and changed takes a
    random place, so that a slow quarter of an hour of the machine hits all three alike.
    """
    order = random.Random(seed)
    for number in range(1, runs + 1):
        for combination in order.sample(sorted(cells), k=len(cells)):
            first_is_baseline = (number + sorted(cells).index(combination)) % 2 == 0
            kinds = ["baseline", "same"] if first_is_baseline else ["same", "baseline"]
            kinds.insert(order.randrange(3), "changed")
            for kind in kinds:
                yield LoadRun(
                    kind=kind,
                    combination=combination,
                    dimensions=cells[combination],
                    number=number,
                )


def write_whole(path: Path, text: str) -> None:
    """Put a file in place in one step, so that it is either whole or not there."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
