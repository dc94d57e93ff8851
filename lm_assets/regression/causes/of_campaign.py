"""Causes of a judged campaign: what is explained, from which runs, and by which contrast."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.baseline import Baseline
from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Verdict
from lm_assets.regression.causes.explain import explain_change
from lm_assets.regression.causes.setting_changes import CombinationDifference, setting_changes

# By campaign and combination, the profiles of the runs that are kept.
ProfilesOf = Callable[[str, str], Mapping[str, ApplicationProfile]]

_EXPLAINED = (Verdict.REGRESSED, Verdict.SUSPECTED)
_CHANGED = (*_EXPLAINED, Verdict.IMPROVED, Verdict.ACCEPTED_TRADEOFF)
# What is asked first of a combination; the others share its explanation where they measure time.
_USUAL_METRIC = "duration_s"
_CPU_METRIC = "cpu_core_seconds"
# Contrast takes the profiles of combinations that are not explained: so many tell enough.
_MOST_CONTRASTED = 100


def campaign_causes(
    verdict: CampaignVerdict, *, baselines: Mapping[str, Baseline], profiles_of: ProfilesOf
) -> list[CombinationCauses]:
    """Return why each regressed or suspected combination of a campaign changed.

    CPU time is explained by itself; every other metric of a combination by its time on the clock.
    The baseline's runs are those of the campaigns that its samples came from.
    """
    cells: dict[str, list[CellVerdict]] = {}
    for cell in verdict.cells:
        cells.setdefault(cell.combination, []).append(cell)
    explained = {
        name: [cell.metric for cell in of_name if cell.verdict in _EXPLAINED]
        for name, of_name in cells.items()
    }
    explained = {name: metrics for name, metrics in sorted(explained.items()) if metrics}
    if not explained:
        return []
    sides = _Sides(verdict.campaign, baselines, profiles_of)
    contrast = _contrast(cells, explained, sides)
    return [
        row
        for name, metrics in explained.items()
        for row in _explained(name, metrics, sides, contrast)
    ]


class _Sides:
    """The profiles of both sides of each combination, read once."""

    def __init__(
        self, campaign: str, baselines: Mapping[str, Baseline], profiles_of: ProfilesOf
    ) -> None:
        self._campaign = campaign
        self._baselines = baselines
        self._profiles_of = profiles_of
        self._read: dict[str, tuple[list[ApplicationProfile], list[ApplicationProfile]]] = {}

    def of(self, combination: str) -> tuple[list[ApplicationProfile], list[ApplicationProfile]]:
        """Return the profiles of the baseline's runs and of the campaign's."""
        if combination not in self._read:
            entry = self._baselines.get(combination)
            sources = () if entry is None else entry.source_campaigns
            before = [
                profile
                for source in dict.fromkeys(sources)
                for profile in self._profiles_of(source, combination).values()
            ]
            now = list(self._profiles_of(self._campaign, combination).values())
            self._read[combination] = before, now
        return self._read[combination]


def _contrast(
    cells: Mapping[str, Sequence[CellVerdict]], explained: Iterable[str], sides: _Sides
) -> Mapping[str, CombinationDifference]:
    named = set(explained)
    others = [name for name in sorted(cells) if name not in named][:_MOST_CONTRASTED]
    found: dict[str, CombinationDifference] = {}
    for name in (*sorted(named), *others):
        before, now = sides.of(name)
        if before and now:
            found[name] = CombinationDifference(
                settings={(s.name, s.baseline, s.current) for s in setting_changes(before, now)},
                is_changed=any(cell.verdict in _CHANGED for cell in cells[name]),
            )
    return found


def _explained(
    combination: str,
    metrics: Sequence[str],
    sides: _Sides,
    contrast: Mapping[str, CombinationDifference],
) -> Iterable[CombinationCauses]:
    before, now = sides.of(combination)
    reason = _why_not(before, now)
    if reason:
        yield CombinationCauses(combination=combination, metrics=tuple(metrics), reason=reason)
        return
    of_time = tuple(metric for metric in metrics if metric != _CPU_METRIC)
    if of_time:
        first = _USUAL_METRIC if _USUAL_METRIC in of_time else of_time[0]
        explanation = explain_change(before, now, metric=first, contrast=contrast)
        yield CombinationCauses(combination=combination, metrics=of_time, explanation=explanation)
    if _CPU_METRIC in metrics:
        explanation = explain_change(before, now, metric=_CPU_METRIC, contrast=contrast)
        yield CombinationCauses(
            combination=combination, metrics=(_CPU_METRIC,), explanation=explanation
        )


def _why_not(before: Sequence[ApplicationProfile], now: Sequence[ApplicationProfile]) -> str:
    if not now:
        return "no run of the campaign has a profile: neither an event log nor a profile landed"
    if not before:
        return (
            "no run of the baseline has a profile: its campaigns were collected without event logs "
            "or by an earlier version"
        )
    sources = {run.source for run in before}, {run.source for run in now}
    if sources[0] != sources[1]:
        return (
            f"the baseline's profiles are of {', '.join(sorted(sources[0]))}, the campaign's of "
            f"{', '.join(sorted(sources[1]))}: they count different things"
        )
    return ""
