"""What sightings and cells say of a known cause: that it is there, that it is worse, or gone."""

from collections.abc import Iterable

from lm_assets.alerts.observation import ABSENT, CLEAN, REGRESSED, WHOLE_CAMPAIGN, letters_of
from lm_assets.alerts.relation import Relation, relation, threshold_of
from lm_assets.model.alert import Alert, Observation, Sighting
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict

# A wide alert is still there when so much of it is; what is less may have another cause.
_STILL_THERE_SHARE = 0.25
# An alert's cells are in order when so many of them are shown to be, and none is worse.
_CLEAN_SHARE = 0.5
_MUCH_WIDER = 2


def is_worse(alert: Alert, sightings: Iterable[Sighting], policy: StagePolicy) -> bool:
    """Tell whether a cause is worse than what people were told of it.

    Worse by more than the stage's threshold, in a metric that was not, or in far more places.
    """
    for sighting in sightings:
        if set(sighting.metrics) - set(alert.sighting.metrics):
            return True
        for metric, size in sighting.sizes.items():
            told = alert.told_sizes.get(metric)
            if told is not None and size - told > threshold_of(sighting.units, metric, policy):
                return True
        # Suspected cells are other ones each night; fresh runs decide them, not people.
        is_firm = sighting.verdict is not Verdict.SUSPECTED
        if is_firm and len(sighting.combinations) > _MUCH_WIDER * alert.told_combinations > 0:
            return True
    return False


def is_still_there(
    alert: Alert, sightings: list[Sighting], observation: Observation, policy: StagePolicy
) -> bool:
    """Tell whether what is found of an alert is enough to say that its cause is there."""
    if any(relation(s, alert, observation, policy) is not Relation.WITHIN for s in sightings):
        return True
    seen = {c for s in sightings for c in s.combinations}
    is_small = len(seen) < _STILL_THERE_SHARE * len(alert.sighting.combinations)
    return not (is_small and is_clean(alert, observation, but=seen))


def is_clean(alert: Alert, observation: Observation, *, but: Iterable[str] = ()) -> bool:
    """Tell whether a campaign shows that what an alert is about is in order.

    Undecided, missing and faulty cells show nothing: without half of the cells there is no answer.
    """
    sighting, apart = alert.sighting, set(but)
    if sighting.kind == WHOLE_CAMPAIGN:
        return observation.verdict not in {sighting.verdict, Verdict.DATA_FAULT}
    if observation.verdict is Verdict.DATA_FAULT and not observation.outcomes.rows:
        return False
    combinations = set(sighting.combinations) - apart
    metrics = set(sighting.metrics) & set(observation.outcomes.metrics)
    letters = letters_of(observation.outcomes, combinations, metrics)
    judged = len(letters) - letters.count(ABSENT)
    # A shift is taken off the cells, and failed runs have none: what is worse has other causes.
    is_of_cells = bool(metrics) and sighting.kind != "common_shift"
    if not judged or (is_of_cells and REGRESSED in letters):
        return False
    return letters.count(CLEAN) >= _CLEAN_SHARE * judged
