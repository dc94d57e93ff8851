"""Campaigns: one execution of a priority of the matrix at a stage, for one subject."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Under ``<campaign>-confirm`` land the fresh runs that a campaign's suspected cells ask for.
CONFIRMATION_SUFFIX = "-confirm"
CONFIRMATION_SIDES = ("baseline", "current")


class Stage(StrEnum):
    """How strict the judgement is, and who is told."""

    CI = "ci"
    NIGHTLY = "nightly"
    WEEKLY = "weekly"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What was under test."""

    git_sha: str = ""
    version_labels: Mapping[str, str] = field(default_factory=dict)
    image_digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """Who ran a campaign, of what, where, and what is expected to land.

    ``environment`` is the fingerprint under which its results are comparable: CPU model, node
    type, JDK, image and the like, as plain text by name.
    """

    campaign: str
    stage: Stage
    priority: str = ""
    created_at: str = ""
    subject: Subject = field(default_factory=Subject)
    environment: Mapping[str, str] = field(default_factory=dict)
    runs_per_combination: int | None = None
    expected_combinations: tuple[str, ...] = ()
    notes: str = ""
    is_simulated: bool = False

    def __post_init__(self) -> None:
        runs = self.runs_per_combination
        if runs is not None and runs < 1:
            raise ValueError(f"runs_per_combination must be 1 or above, got {runs!r}")


def confirmation_campaign(campaign: str) -> str:
    """Return the id under which a campaign's fresh runs land."""
    return f"{campaign}{CONFIRMATION_SUFFIX}"


def confirmed_campaign(name: str) -> str | None:
    """Return the campaign that a landed name confirms; None where it is a campaign itself."""
    campaign = name.removesuffix(CONFIRMATION_SUFFIX)
    return campaign if campaign and campaign != name else None


def confirmation_side(run_id: str) -> str | None:
    """Return the side that a fresh run is of, by the run id that the request gave it."""
    return next((side for side in CONFIRMATION_SIDES if run_id.startswith(f"{side}-")), None)
