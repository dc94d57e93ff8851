"""Fingerprints of baseline and current side by side: what else changed than the subject."""

from collections.abc import Mapping
from dataclasses import dataclass

from lm_assets.model.noise_policy import EnvironmentPolicy
from lm_assets.regression.verdict.campaign_context import CampaignContext

_ANY_CHANGE = EnvironmentPolicy()


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentChange:
    """One set of differences, and the combinations that have exactly these.

    ``changed`` maps each differing key to (baseline, current).
    """

    changed: Mapping[str, tuple[str, str]]
    combinations: tuple[str, ...]


def environment_changes(
    context: CampaignContext, policy: EnvironmentPolicy = _ANY_CHANGE
) -> tuple[EnvironmentChange, ...]:
    """Return what differs, grouped by what differs; the widest change first.

    Only keys that both sides recorded are compared: what was not written down is unknown, and
    neither equal nor changed. Keys that the policy ignores may change.
    """
    groups: dict[tuple[tuple[str, tuple[str, str]], ...], list[str]] = {}
    shared = context.environment_baseline.keys() & context.environment_current.keys()
    for combination in sorted(shared):
        before = context.environment_baseline[combination]
        now = context.environment_current[combination]
        changed = {
            key: (before[key], now[key])
            for key in sorted(before.keys() & now.keys())
            if before[key] != now[key] and key not in policy.ignored
        }
        if changed:
            groups.setdefault(tuple(changed.items()), []).append(combination)
    found = [
        EnvironmentChange(changed=dict(key), combinations=tuple(names))
        for key, names in groups.items()
    ]
    return tuple(sorted(found, key=lambda c: (-len(c.combinations), c.combinations)))


def describe_change(change: EnvironmentChange) -> str:
    """Return a change as a phrase, such as ``jdk 17.0.9 → 21.0.1``."""
    return ", ".join(f"{key} {before} → {now}" for key, (before, now) in change.changed.items())
