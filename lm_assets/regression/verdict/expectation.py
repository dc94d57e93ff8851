"""What a campaign was expected to run: what its manifest says, else what the stage expects."""

from collections.abc import Iterable
from dataclasses import dataclass

from lm_assets.model.campaign import Manifest
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import UnknownCombinationError
from lm_assets.model.policy import StagePolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """The combinations that were to be run, and why; ``fault`` where that cannot be said."""

    combinations: tuple[str, ...] = ()
    because: str = ""
    fault: str = ""


def campaign_expectation(
    manifest: Manifest,
    *,
    matrix: Matrix | None,
    baselines: Iterable[str],
    policy: StagePolicy,
) -> Expectation:
    """Return what a campaign was expected to run.

    Parameters
    ----------
    manifest : Manifest
        Its list of combinations decides; without one, its priority.
    matrix : Matrix or None
        None where nothing but the manifest's list is to be expected.
    baselines : iterable of str
        Combinations with an active baseline: what the stage expects where the manifest is silent
        and the policy says so.
    """
    if manifest.expected_combinations:
        names = {_resolved(name, matrix) for name in manifest.expected_combinations}
        return Expectation(combinations=tuple(sorted(names)), because="the manifest lists it")
    if matrix is None:
        return Expectation()
    if manifest.priority:
        return _of_priority(manifest.priority, matrix)
    if policy.expects == "all_baselines":
        because = f"the {manifest.stage.value} stage expects every active baseline"
        return Expectation(combinations=tuple(sorted(baselines)), because=because)
    return Expectation()


def _of_priority(priority: str, matrix: Matrix) -> Expectation:
    try:
        combinations = matrix.of_priority(priority)
    except UnknownCombinationError as error:
        return Expectation(fault=f"manifest.json: {error}")
    because = f"the manifest names priority {priority}"
    return Expectation(combinations=tuple(c.id for c in combinations), because=because)


def _resolved(name: str, matrix: Matrix | None) -> str:
    """Return the id that a listed name stands for; what the matrix does not know stays."""
    try:
        return name if matrix is None else matrix.resolve(name).id
    except UnknownCombinationError:
        return name
