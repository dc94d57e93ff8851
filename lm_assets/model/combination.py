"""The matrix of combinations under test, and how their names are read."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter

from lm_assets.model.errors import UnknownCombinationError

Selector = Mapping[str, Sequence[str]]


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
    """

    dimensions: Mapping[str, Sequence[str]]
    id_format: str
    priorities: Mapping[str, Sequence[Selector]] = field(default_factory=dict)
    exclude: Sequence[Selector] = ()

    def __post_init__(self) -> None:
        named = [name for _, name, _, _ in Formatter().parse(self.id_format) if name is not None]
        if sorted(named) != sorted(self.dimensions):
            raise ValueError(
                f"id_format must name every dimension once: it names {named}, "
                f"the dimensions are {list(self.dimensions)}"
            )
        for name, values in self.dimensions.items():
            if not values or len(set(values)) != len(values):
                raise ValueError(f"dimensions.{name} must list distinct values, got {list(values)}")
        for where, selectors in (*self.priorities.items(), ("exclude", self.exclude)):
            for selector in selectors:
                self._check_selector(where, selector)
        if len({c.id for c in self._cells()}) != len(list(self._cells())):
            raise ValueError("id_format must give every combination an id of its own")

    def _check_selector(self, where: str, selector: Selector) -> None:
        for name, values in selector.items():
            if name not in self.dimensions:
                raise ValueError(f"{where} names the unknown dimension {name!r}")
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

        Reads the id, the id after a priority prefix (``p1_…``), and the compact spelling in
        which the dots of values are left out (``p1_350_…`` for ``3.5.0``).

        Raises
        ------
        UnknownCombinationError
            When no combination, or more than one, answers to the name.
        """
        for spelling in self._without_priority(name):
            if spelling in self.by_id:
                return self.by_id[spelling]
        found = {c.id: c for s in self._without_priority(name) for c in self._compact.get(s, ())}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise UnknownCombinationError(
                f"{name!r} is ambiguous: it could be any of {sorted(found)}; use the full id"
            )
        raise UnknownCombinationError(f"{name!r} is no combination of the matrix")

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
    def _compact(self) -> Mapping[str, tuple[Combination, ...]]:
        found: dict[str, tuple[Combination, ...]] = {}
        for c in self.combinations:
            values = {k: v.replace(".", "") for k, v in c.dimensions.items()}
            for spelling in {self.id_format.format(**values), c.id.replace(".", "")}:
                found[spelling] = (*found.get(spelling, ()), c)
        return found

    def _without_priority(self, name: str) -> tuple[str, ...]:
        prefix, _, rest = name.partition("_")
        return (name, rest) if prefix in self.priorities and rest else (name,)


def _matches(selector: Selector, dimensions: Mapping[str, str]) -> bool:
    return all(dimensions[name] in values for name, values in selector.items())
