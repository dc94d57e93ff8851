"""Settings, versions and resources that differ between the sides, and whether one explains.

Whether a difference explains a change is told by contrast: the combinations that have it, against
those that do not. Where there is only one combination, a difference explains when it is the only
one, or when it sets what the causes are about.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.explanation import ALSO_DIFFERS, EXPLAINS, Cause, SettingChange

# What a setting acts on, after Spark's own documentation of its configuration; by kind of cause.
# The kind that it is made for stands first.
_ACTS_ON: dict[str, tuple[str, ...]] = {
    pattern: tuple(kinds.split())
    for pattern, kinds in {
        r"spark\.sql\.adaptive\..*skew.*": "skew straggler tasks plan_changed shuffle_volume",
        r"spark\.sql\.shuffle\.partitions": "tasks skew straggler parallelism shuffle_volume spill",
        r"spark\.sql\.(adaptive|join|cbo|optimizer|broadcast|codegen)\..*"
        r"|spark\.sql\.autoBroadcastJoinThreshold": "plan_changed tasks skew straggler "
        "shuffle_volume parallelism new_stage gone_stage stage_cpu",
        r"spark\.default\.parallelism": "tasks skew straggler parallelism shuffle_volume",
        r"spark\.sql\.files\.maxRecordsPerFile": "files output_volume",
        r"spark\.sql\.files\..*": "tasks parallelism files skew straggler input_bytes",
        r"spark\.sql\.(parquet|orc|avro|sources|hive)\..*": "plan_changed files output_volume "
        "input_bytes input_volume stage_cpu tasks",
        r"spark\.memory\..*|spark\.(executor|driver)\.memory.*": "spill gc cache stage_cpu "
        "stage_wait plan_changed",
        r"spark\.speculation.*": "speculation straggler slow_host",
        r"spark\.(serializer|kryo.*)": "shuffle_volume cache stage_cpu deserialisation results "
        "stage_wait spill",
        r"spark\.(io\.compression|rdd\.compress|broadcast\.compress|shuffle\.(spill\.)?compress)"
        r".*": "shuffle_volume shuffle_write stage_cpu stage_wait spill",
        r"spark\.(shuffle|reducer)\..*": "shuffle_write fetch_wait shuffle_volume spill",
        r"spark\.(sql\.)?(python|execution)\..*": "plan_changed stage_cpu stage_wait tasks",
        r"spark\.(sql\.inMemoryColumnarStorage|sql\.cache|storage)\..*": "cache plan_changed",
        r"spark\.(executor\.(cores|instances)|task\.cpus|dynamicAllocation|locality|scheduler"
        r"|master|cores\.max)\b.*": "parallelism scheduling driver_gap tasks straggler slow_host "
        "gc stage_cpu",
        r".*[jJ]avaOptions": "gc stage_cpu stage_wait deserialisation slow_host",
    }.items()
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CombinationDifference:
    """What differs in one combination, and whether the combination changed."""

    settings: Collection[tuple[str, str | None, str | None]]
    is_changed: bool


def setting_changes(
    baseline: Sequence[ApplicationProfile], current: Sequence[ApplicationProfile]
) -> tuple[SettingChange, ...]:
    """Return what all runs of a side agree on and the sides do not; volatile names are hidden.

    A name whose value varies among the runs of one side is volatile too, whatever its name.
    """
    hidden = {name for run in (*baseline, *current) for name in run.volatile}
    found = []
    for kind, of_run in (("setting", _settings), ("version", _versions), ("resource", _resources)):
        before, now = [of_run(r) for r in baseline], [of_run(r) for r in current]
        names = sorted({name for run in (*before, *now) for name in run})
        for name in names:
            old = {run.get(name) for run in before}
            new = {run.get(name) for run in now}
            if len(old) == len(new) == 1 and old != new and name not in hidden:
                found.append(
                    SettingChange(name=name, baseline=old.pop(), current=new.pop(), kind=kind)
                )
    return tuple(found)


def related_to_causes(
    settings: Sequence[SettingChange], causes: Sequence[Cause], *, is_changed: bool
) -> tuple[SettingChange, ...]:
    """Return the differences of a lone combination with their relation to its causes."""
    if not is_changed:
        return tuple(settings)
    if len({_family(setting.name) for setting in settings}) == 1:
        # The only difference, though it may take several names to say it.
        return tuple(replace(setting, relation=EXPLAINS) for setting in settings)
    kinds = {cause.kind for cause in causes}
    return tuple(
        replace(s, relation=EXPLAINS if kinds.intersection(acts_on(s.name)) else ALSO_DIFFERS)
        for s in settings
    )


def related_by_contrast(
    settings: Sequence[SettingChange], others: Mapping[str, CombinationDifference]
) -> tuple[SettingChange, ...]:
    """Return the differences of a changed combination with their relation by contrast.

    A difference explains when every combination of the campaign that has it changed, and none that
    did not change has it. ``others`` are all combinations, this one among them.
    """
    related = []
    for setting in settings:
        same = (setting.name, setting.baseline, setting.current)
        having = [other for other in others.values() if same in other.settings]
        explains = bool(having) and all(other.is_changed for other in having)
        related.append(replace(setting, relation=EXPLAINS if explains else ALSO_DIFFERS))
    return tuple(related)


def acts_on(name: str) -> tuple[str, ...]:
    """Return the kinds of cause that a setting can bring about; none for one that is not known."""
    for pattern, kinds in _ACTS_ON.items():
        if re.fullmatch(pattern, name):
            return kinds
    return ()


def told_of(settings: Iterable[SettingChange], cause_kind: str) -> list[SettingChange]:
    """Return the explaining settings that a cause's statement should name."""
    explaining = [s for s in settings if s.relation == EXPLAINS]
    acting = [s for s in explaining if cause_kind in acts_on(s.name)]
    acting.sort(key=lambda s: acts_on(s.name).index(cause_kind))
    return acting or (explaining if len(explaining) <= 2 else [])


def _family(name: str) -> str:
    """Return what a setting belongs to, such as ``spark.speculation`` or ``spark.sql.adaptive``."""
    parts = name.split(".")
    return ".".join(parts[: 3 if parts[:2] == ["spark", "sql"] else 2])


def _settings(run: ApplicationProfile) -> Mapping[str, str]:
    return run.settings


def _versions(run: ApplicationProfile) -> Mapping[str, str]:
    return run.versions


def _resources(run: ApplicationProfile) -> Mapping[str, str]:
    cores = [executor.cores for executor in run.executors if executor.cores]
    return {"executors": str(len(run.executors)), "executor cores": str(sum(cores))}
