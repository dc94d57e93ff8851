"""What a campaign was expected to run: what its manifest says, else what the stage expects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lm_assets.model.baseline import Baseline
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
    baselines: Mapping[str, Baseline],
    policy: StagePolicy,
    landed_at: datetime | None = None,
) -> Expectation:
    """Return what a campaign was expected to run.

    Parameters
    ----------
    manifest : Manifest
        Its list of combinations decides; without one, its priority.
    matrix : Matrix or None
        None where nothing but the manifest's list is to be expected.
    baselines : mapping of str to Baseline
        The active ones by combination: what the stage expects where the manifest is silent and the
        policy says so.
    landed_at : datetime or None
        When the campaign landed. It was not to run what got its first baseline later; unknown, it
        was to run everything.
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
        known = (n for n, entry in baselines.items() if _was_there(entry, landed_at))
        return Expectation(combinations=tuple(sorted(known)), because=because)
    return Expectation()


def _of_priority(priority: str, matrix: Matrix) -> Expectation:
    try:
        combinations = matrix.of_priority(priority)
    except UnknownCombinationError as error:
        return Expectation(fault=f"manifest.json: {error}")
    because = f"the manifest names priority {priority}"
    return Expectation(combinations=tuple(c.id for c in combinations), because=because)


def _was_there(baseline: Baseline, landed_at: datetime | None) -> bool:
    return landed_at is None or datetime.fromisoformat(baseline.created_at) <= landed_at


def _resolved(name: str, matrix: Matrix | None) -> str:
    """Return the id that a listed name stands for; what the matrix does not know stays."""
    try:
        return name if matrix is None else matrix.resolve(name).id
    except UnknownCombinationError:
        return name
