"""The bars of a change while causes are asked for: each goes to one claim, or to none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL
from lm_assets.regression.causes.counters import CounterDifference
from lm_assets.regression.causes.matching import MatchedRow

# A counter that moved by less explains nothing, however exactly it is known.
_LEAST_CHANGE = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One cause before it is weighed: its kind, its bars, what it rests on."""

    kind: str
    statement: str
    evidence: str
    bars: tuple[int, ...]
    operators: tuple[str, ...] = ()
    stage: str | None = None
    details: tuple[str, ...] = ()
    q: float | None = None


@dataclass(slots=True)
class OpenBars:
    """The bars that nothing has been said of yet."""

    rows: Sequence[MatchedRow]
    differences: Sequence[CounterDifference]
    changes_s: Sequence[float]
    taken: set[int] = field(default_factory=set)

    def of_bar(self, bar: int) -> list[CounterDifference]:
        """Return what was counted differently in a bar; of its query where it reads or writes."""
        found = [d for d in self.differences if d.row == bar and _is_large(d)]
        row = self.rows[bar]
        for d in self.differences:
            if d.row is None and d.query == row.query and _is_large(d):
                side = "output_bytes" if d.name == "files_written" else "input_bytes"
                if any(stage.sum_of(side) for run in row.current for stage in run):
                    found.append(d)
        return found

    def free(self) -> list[int]:
        """Return the bars that are left."""
        return [bar for bar in range(len(self.rows)) if bar not in self.taken]

    def take(self, bars: Iterable[int]) -> tuple[int, ...]:
        """Take bars and return them."""
        chosen = tuple(dict.fromkeys(bar for bar in bars if bar not in self.taken))
        self.taken.update(chosen)
        return chosen


def weakest(evidence: Iterable[str]) -> str:
    """Return the weakest class of some evidence."""
    order: Callable[[str], int] = (EXACT, OBSERVED, STATISTICAL).index
    return max(evidence, key=order)


def _is_large(difference: CounterDifference) -> bool:
    return abs(difference.relative) >= _LEAST_CHANGE
