"""Who looks after which part of the matrix, as the policy says it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerRule:
    """The owner of every combination that has all the dimension values of ``where``.

    Without a ``where`` it is whoever looks after what no rule before it names.
    """

    who: str
    where: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.who.strip():
            raise ValueError("who must name somebody, got nothing")


def owner_of(rules: Sequence[OwnerRule], places: Iterable[Mapping[str, str]]) -> str:
    """Return who looks after all of some combinations; empty where no one rule names somebody.

    Parameters
    ----------
    rules : sequence of OwnerRule
        The first that holds for every place decides.
    places : iterable of mapping
        The dimension values of each combination.

    Examples
    --------
    >>> rules = [OwnerRule(who="@joins", where={"operation": "join"}), OwnerRule(who="@perf")]
    >>> owner_of(rules, [{"operation": "join", "size": "1gb"}])
    '@joins'
    >>> owner_of(rules, [{"operation": "join"}, {"operation": "read"}])
    '@perf'
    """
    known = list(places)
    return next((rule.who for rule in rules if all(_holds(rule, of) for of in known)), "")


def _holds(rule: OwnerRule, place: Mapping[str, str]) -> bool:
    return all(place.get(name) == value for name, value in rule.where.items())
