"""Which execution of one run is which of another's: order is kept, nothing is dropped."""

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher

from lm_assets.model.application_profile import ApplicationProfile, ExecutionProfile

# Similarities of two executions; below the last, two are not the same query.
_SAME_PLAN, _SAME_DESCRIPTION, _LEAST_ALIKE = 3.0, 1.0, 0.5
# Pairs that are weighed one by one; longer stretches are matched by their equal members.
_MOST_WEIGHED = 40_000


def aligned_executions(reference: ApplicationProfile, other: ApplicationProfile) -> dict[int, int]:
    """Return, by position of an execution of ``other``, its position in ``reference``.

    Pairs keep the order of both. The pairs together are as alike as they can be: an equal plan
    counts most, then an equal description, then shared operators, of jobs without a plan those of
    their stages.
    """
    left, right = reference.executions, other.executions
    if _identities(left) == _identities(right):
        return {place: place for place in range(len(right))}
    similarity = _similarity(reference, other)
    first = _common(left, right)
    last = _common(left[first:][::-1], right[first:][::-1])
    middle_left, middle_right = left[first : len(left) - last], right[first : len(right) - last]
    pairs = {place: place for place in range(first)}
    pairs |= {len(right) - 1 - back: len(left) - 1 - back for back in range(last)}
    if len(middle_left) * len(middle_right) <= _MOST_WEIGHED:
        found = _best_pairs(len(middle_left), len(middle_right), first, similarity)
    else:
        found = _equal_pairs(middle_left, middle_right)
    return pairs | {first + there: first + here for here, there in found}


def _identities(executions: Sequence[ExecutionProfile]) -> list[tuple[str, str, str]]:
    return [(row.kind, row.description, row.plan) for row in executions]


def _common(left: Sequence[ExecutionProfile], right: Sequence[ExecutionProfile]) -> int:
    """Return how many executions are equal from the beginning."""
    count = 0
    for one, other in zip(_identities(left), _identities(right), strict=False):
        if one != other:
            break
        count += 1
    return count


def _similarity(
    reference: ApplicationProfile, other: ApplicationProfile
) -> Callable[[int, int], float]:
    operators: dict[str, set[str]] = {}
    of_jobs = _operators_of_jobs(reference), _operators_of_jobs(other)

    def of_plan(profile: ApplicationProfile, digest: str) -> set[str]:
        if digest not in operators:
            operators[digest] = {f"{n.name} {n.shape}" for n in profile.plans.get(digest, ())}
        return operators[digest]

    def similarity(here: int, there: int) -> float:
        one, two = reference.executions[here], other.executions[there]
        if one.kind != two.kind:
            return 0.0
        described = _SAME_DESCRIPTION if one.description == two.description else 0.0
        if one.plan == two.plan and (one.plan or described):
            return _SAME_PLAN + described
        mine, others = of_plan(reference, one.plan), of_plan(other, two.plan)
        if not (one.plan or two.plan):
            mine, others = of_jobs[0].get(here, set()), of_jobs[1].get(there, set())
        shared = len(mine & others) / max(len(mine | others), 1)
        return described + shared if described or shared >= _LEAST_ALIKE else 0.0

    return similarity


def _operators_of_jobs(profile: ApplicationProfile) -> Mapping[int, set[str]]:
    """Return what the stages of executions without a plan do, by the execution's position."""
    found: dict[int, set[str]] = {}
    for stage in profile.stages:
        if 0 <= stage.execution < len(profile.executions):
            found.setdefault(stage.execution, set()).update(stage.operators)
    return found


def _best_pairs(
    n_left: int, n_right: int, first: int, similarity: Callable[[int, int], float]
) -> list[tuple[int, int]]:
    """Return the order-preserving pairs of the largest summed similarity."""
    best = [[0.0] * (n_right + 1) for _ in range(n_left + 1)]
    alike = [[similarity(first + i, first + j) for j in range(n_right)] for i in range(n_left)]
    for i in range(n_left - 1, -1, -1):
        for j in range(n_right - 1, -1, -1):
            paired = alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < n_left and j < n_right:
        if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _equal_pairs(
    left: Sequence[ExecutionProfile], right: Sequence[ExecutionProfile]
) -> list[tuple[int, int]]:
    matcher = SequenceMatcher(None, _identities(left), _identities(right), autojunk=False)
    return [
        (block.a + step, block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    ]
