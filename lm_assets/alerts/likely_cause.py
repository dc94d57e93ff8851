"""The cause that an alert's message names: what changed around it, or what its runs show."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.verdict import Finding


def likely_cause(
    findings: Sequence[Finding],
    causes: Iterable[CombinationCauses],
    *,
    combinations: Collection[str],
    metrics: Collection[str],
) -> str:
    """Return the likely cause of findings in one place, in one sentence; empty where none is known.

    A changed environment stands before what profiles show: it is the campaign's, they are of one
    combination each. Of many combinations the cause that most of them share is told, with how many.

    Parameters
    ----------
    combinations, metrics : collection of str
        Those of the findings; none stands for the whole matrix.
    """
    named = findings[0].explanation.get("likely_causes", ()) if findings else ()
    if isinstance(named, list | tuple) and named:
        return "; ".join(map(str, named))
    first = _first_causes(causes, combinations, metrics)
    if not first:
        return ""
    (statement, shared), *_ = Counter(first.values()).most_common(1)
    return statement if len(first) == 1 else f"{statement} ({shared} of {len(first)} combinations)"


def _first_causes(
    causes: Iterable[CombinationCauses], combinations: Collection[str], metrics: Collection[str]
) -> dict[str, str]:
    """Return what is ranked first of each explained combination."""
    first: dict[str, str] = {}
    for row in causes:
        is_meant = not combinations or row.combination in combinations
        is_of_metrics = not metrics or bool(set(metrics) & set(row.metrics))
        if is_meant and is_of_metrics and row.explanation and row.explanation.causes:
            first.setdefault(row.combination, row.explanation.causes[0].statement)
    return first
