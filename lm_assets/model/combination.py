"""The matrix of combinations under test, and how their names are read."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter

from lm_assets.model.errors import UnknownCombinationError

Selector = Mapping[str, Sequence[str]]

# Every combination is a partition and a row of every report; a slip of the pen makes millions.
MAX_CELLS = 100_000
MAX_SELECTORS = 1_000

# Ids become folders of the bucket and keys of partitions.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,199}")
_DIMENSION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """One cell of the matrix: its id and the value of every dimension."""

    id: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The dimensions and their values, the ids they make, and the priorities (named subsets).

    Parameters
    ----------
    dimensions : mapping of str to sequence of str
        Any names and values; the order is the order of the ids.
    id_format : str
        A format string that names every dimension once, such as ``{spark_version}_{mode}``.
    priorities : mapping of str to sequence of selectors
        ``p0``, ``p1``, …: a combination belongs to a priority when any selector matches; ``{}``
        matches everything.
    exclude : sequence of selectors
        Combinations that do not exist.
    version_dimension : str
        The dimension whose values are versions, to be compared with each other; none when empty.
    """

    dimensions: Mapping[str, Sequence[str]]
    id_format: str
    priorities: Mapping[str, Sequence[Selector]] = field(default_factory=dict)
    exclude: Sequence[Selector] = ()
    version_dimension: str = ""

    def __post_init__(self) -> None:
        self._check_id_format()
        for name, values in self.dimensions.items():
            if not _DIMENSION_NAME.fullmatch(name):
                raise ValueError(
                    "a dimension's name must be 1 to 63 of A-Z a-z 0-9 _ - with no digit or dash "
                    f"first, got {name!r}"
                )
            if not values or len(set(values)) != len(values):
                raise ValueError(f"dimensions.{name} must list distinct values, got {list(values)}")
        if (cells := math.prod(len(values) for values in self.dimensions.values())) > MAX_CELLS:
            raise ValueError(f"the dimensions make {cells} combinations; at most {MAX_CELLS}")
        if self.version_dimension and self.version_dimension not in self.dimensions:
            raise ValueError(f"version_dimension {self.version_dimension!r} is no dimension")
        for where, selectors in (*self.priorities.items(), ("exclude", self.exclude)):
            self._check_selectors(where, selectors)
        self._check_ids()
        for priority in self.priorities:
            if not self.of_priority(priority):
                raise ValueError(f"priorities.{priority} selects no combination")

    def _check_id_format(self) -> None:
        try:
            parts = [part for part in Formatter().parse(self.id_format) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"id_format must be a format string: {error}") from error
        named = [name for _, name, _, _ in parts if name is not None]
        if sorted(named) != sorted(self.dimensions):
            raise ValueError(
                f"id_format must name every dimension once: it names {named}, "
                f"the dimensions are {list(self.dimensions)}"
            )
        if any(spec or conversion for _, _, spec, conversion in parts):
            raise ValueError("id_format must hold plain {names}, without ! or :")

    def _check_ids(self) -> None:
        ids = [c.id for c in self._cells()]
        if len(set(ids)) != len(ids):
            raise ValueError("id_format must give every combination an id of its own")
        for id_ in ids:
            if not _ID.fullmatch(id_) or ".." in id_:
                raise ValueError(
                    "an id must be 1 to 200 of A-Z a-z 0-9 . _ + = -, a letter or digit first, "
                    f"no '..', got {id_[:80]!r}"
                )
        for priority, id_ in itertools.product(self.priorities, ids):
            if f"{priority}_{id_}" in self.by_id:
                raise ValueError(f"{id_} at priority {priority} reads like another id")

    def _check_selectors(self, where: str, selectors: Sequence[Selector]) -> None:
        if len(selectors) > MAX_SELECTORS:
            raise ValueError(f"{where} has {len(selectors)} selectors; at most {MAX_SELECTORS}")
        for selector in selectors:
            self._check_selector(where, selector)

    def _check_selector(self, where: str, selector: Selector) -> None:
        for name, values in selector.items():
            if name not in self.dimensions:
                raise ValueError(f"{where} names the unknown dimension {name!r}")
            # First of all: a list longer than the dimension is wrong, and costs its square.
            if len(values) > len(self.dimensions[name]):
                raise ValueError(
                    f"{where} lists {len(values)} values of {name}, which has "
                    f"{len(self.dimensions[name])}"
                )
            if unknown := [v for v in values if v not in self.dimensions[name]]:
                raise ValueError(f"{where} names unknown values of {name}: {unknown}")

    def _cells(self) -> Iterator[Combination]:
        names = list(self.dimensions)
        for values in itertools.product(*self.dimensions.values()):
            chosen = dict(zip(names, values, strict=True))
            if not any(_matches(selector, chosen) for selector in self.exclude):
                yield Combination(id=self.id_format.format(**chosen), dimensions=chosen)

    @cached_property
    def combinations(self) -> tuple[Combination, ...]:
        """Every combination, sorted by id."""
        return tuple(sorted(self._cells(), key=lambda c: c.id))

    @cached_property
    def by_id(self) -> Mapping[str, Combination]:
        """Combinations by their id."""
        return {c.id: c for c in self.combinations}

    def of_priority(self, priority: str) -> tuple[Combination, ...]:
        """Return the combinations of one priority, sorted by id."""
        if priority not in self.priorities:
            raise UnknownCombinationError(
                f"priority {priority!r} is not in the matrix; it has {sorted(self.priorities)}"
            )
        selectors = self.priorities[priority]
        return tuple(
            c for c in self.combinations if any(_matches(s, c.dimensions) for s in selectors)
        )

    def resolve(self, name: str) -> Combination:
        """Return the combination a test name stands for.

        Reads the id, the id after a priority prefix (``p1_…``), and the compact spelling, with or
        without the prefix, in which the dots of values are left out (``p1_350_…`` for ``3.5.0``).
        An exact id is always that combination, whatever else it could be short for.

        Raises
        ------
        UnknownCombinationError
            When no combination, or more than one, answers to the name.
        """
        if name in self.by_id:
            return self.by_id[name]
        found = sorted({c.id for spelling in self._spellings(name) for c in self._read(spelling)})
        if len(found) == 1:
            return self.by_id[found[0]]
        if found:
            raise UnknownCombinationError(
                f"{name!r} is ambiguous: it could be any of {found}; use the full id"
            )
        raise UnknownCombinationError(f"{name[:200]!r} is no combination of the matrix")

    def from_dimensions(self, values: Mapping[str, str]) -> Combination:
        """Return the combination with these dimension values; others are ignored.

        Raises
        ------
        UnknownCombinationError
            When a dimension is absent or has a value that the matrix does not know.
        """
        if absent := [name for name in self.dimensions if name not in values]:
            raise UnknownCombinationError(f"dimensions are absent: {absent}")
        chosen = {name: values[name] for name in self.dimensions}
        found = self.by_id.get(self.id_format.format(**chosen))
        if found is None or found.dimensions != chosen:
            raise UnknownCombinationError(f"{chosen} is no combination of the matrix")
        return found

    @cached_property
    def _by_compact_id(self) -> Mapping[str, tuple[Combination, ...]]:
        found: dict[str, tuple[Combination, ...]] = {}
        for c in self.combinations:
            compact = c.id.replace(".", "")
            found[compact] = (*found.get(compact, ()), c)
        return found

    def _spellings(self, name: str) -> tuple[str, ...]:
        prefixes = [f"{priority}_" for priority in self.priorities]
        return (name, *(name.removeprefix(p) for p in prefixes if name.startswith(p)))

    def _read(self, spelling: str) -> Iterator[Combination]:
        """Yield the combinations that may be spelt so; an exact id is no other's compact one."""
        if spelling in self.by_id:
            yield self.by_id[spelling]
            return
        for c in self._by_compact_id.get(spelling.replace(".", ""), ()):
            if self._is_compact_spelling(spelling, c):
                yield c

    def _is_compact_spelling(self, spelling: str, combination: Combination) -> bool:
        """Whether dots of the whole id, or all dots of some of its values, are left out."""
        if spelling == combination.id.replace(".", ""):
            return True
        pattern = ""
        for literal, name, _, _ in Formatter().parse(self.id_format):
            value = "" if name is None else combination.dimensions[name]
            alternatives = {re.escape(value), re.escape(value.replace(".", ""))}
            pattern += f"{re.escape(literal)}(?:{'|'.join(sorted(alternatives))})"
        return re.fullmatch(pattern, spelling) is not None


def _matches(selector: Selector, dimensions: Mapping[str, str]) -> bool:
    return all(dimensions[name] in values for name, values in selector.items())
