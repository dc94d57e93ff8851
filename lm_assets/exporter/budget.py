"""The series limit: whole families are left out from the end, and every series left out counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from lm_assets.exporter.family_text import Family


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgeted:
    """The families that fit, and by family how many series were left out (0 where none were)."""

    families: tuple[Family, ...]
    dropped: dict[str, int]
    series: int


def within_limit(families: Iterable[Family], *, limit: int) -> Budgeted:
    """Return the families from the first on as long as their series fit the limit.

    Half a family would be read as the whole: "none of the others is slow". So a family is told
    whole or not at all, and after the first that does not fit no other is told.
    """
    kept: list[Family] = []
    dropped: dict[str, int] = {}
    series = 0
    is_full = False
    for family in families:
        count = family.series
        is_full = is_full or series + count > limit
        dropped[family.name] = count if is_full else 0
        if not is_full:
            kept.append(family)
            series += count
    return Budgeted(families=tuple(kept), dropped=dropped, series=series)
