"""What an application did, in a few numbers that a record can carry: counts, and its plans."""

from lm_assets.collect.spark.profiling.plans import digest_of
from lm_assets.model.application_profile import (
    COUNTERS,
    EVENT_LOG_SOURCE,
    FILES_READ,
    FILES_WRITTEN,
    ApplicationProfile,
)

# A sum over stages of each stage's largest task means nothing.
_SUMMED = tuple(name for name in COUNTERS if name != "largest_task_rows")


def behaviour_of(profile: ApplicationProfile) -> dict[str, int | str]:
    """Return the counters of a whole application, and a digest of its plans where it has some.

    Nothing is returned of one whose log is not whole: its sums are lower bounds. Nor of one that a
    History Server told of, which counts other things than a log.
    """
    if profile.incomplete or profile.source != EVENT_LOG_SOURCE:
        return {}
    behaviour: dict[str, int | str] = {name: profile.total(name) for name in _SUMMED}
    behaviour["tasks"] = sum(stage.succeeded_tasks for stage in profile.stages)
    behaviour["stages"] = sum(stage.merged for stage in profile.stages)
    plans = [row.plan for row in profile.executions if row.plan]
    if plans:
        behaviour["plans"] = digest_of(plans)
        for name in (FILES_READ, FILES_WRITTEN):
            behaviour[name] = sum(
                figures.get(name, 0)
                for row in profile.executions
                for figures in row.figures.values()
            )
    return behaviour
