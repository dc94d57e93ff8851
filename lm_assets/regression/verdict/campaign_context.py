"""What is known of a campaign beside its samples: environments, failed and missing runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lm_assets.model.verdict import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignContext:
    """Facts that samples do not carry; everything is by combination unless said.

    ``environment_*`` are the fingerprints under which the runs were made. ``failed_runs`` names
    the load runs that ended with an error and ``attempted_runs`` counts all that were made.
    ``missing`` gives, by (combination, metric), why there is no value. ``expected_because`` says
    why combinations are expected, ``promised_runs`` how many runs of each. ``unusable`` has, by
    combination, why no run of it is usable although something of it landed; ``unfit`` what makes
    the campaign as a whole unfit to be judged. ``nodes_*`` name the
    node that each run was on, by run id, as far as it is known. ``lacking`` has, by run, why one
    lacks what others of its combination have. ``behaviour`` are the findings of
    what runs counted otherwise than their baselines.
    """

    environment_baseline: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    environment_current: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    expected_combinations: tuple[str, ...] = ()
    failed_runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attempted_runs: Mapping[str, int] = field(default_factory=dict)
    nodes_baseline: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    nodes_current: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[tuple[str, str], str] = field(default_factory=dict)
    lacking: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    expected_because: str = ""
    promised_runs: int | None = None
    unusable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unfit: tuple[str, ...] = ()
    behaviour: tuple[Finding, ...] = ()
