"""What landed for a campaign: its objects sorted by what they are.

Layout under ``incoming/<campaign>/``::

    manifest.json
    _SUCCESS
    <combination>/<anything>.jsonl               result lines
    <combination>/<run>/pods.json                optional pod snapshot
    <combination>/<run>/eventlog/<Spark's own>   optional event log: a file, or a rolling folder
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
PODS = "pods.json"
EVENT_LOG_FOLDER = "eventlog"

_RESULT_DEPTH = 2
_POD_DEPTH = 3
_EVENT_LOG_DEPTH = 4


class LandedObject(Protocol):
    """An object as a listing gives it."""

    @property
    def key(self) -> str:
        """Full key in the bucket."""

    @property
    def etag(self) -> str:
        """The store's tag of the content."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LandedCampaign:
    """A campaign's objects; those of a run are by (combination folder, run folder)."""

    campaign: str
    manifest: LandedObject | None = None
    is_complete: bool = False
    results: tuple[tuple[str, LandedObject], ...] = ()
    event_logs: Mapping[tuple[str, str], tuple[LandedObject, ...]] = field(default_factory=dict)
    pod_snapshots: Mapping[tuple[str, str], LandedObject] = field(default_factory=dict)
    unknown: tuple[LandedObject, ...] = ()


def sort_landed_objects(
    campaign: str, objects: Iterable[LandedObject], *, prefix: str
) -> LandedCampaign:
    """Return a campaign's objects by what they are, in key order.

    ``prefix`` is the campaign's folder in the bucket, with its final slash. An object that fits
    nothing of the layout is ``unknown``, never skipped.
    """
    manifest: LandedObject | None = None
    is_complete = False
    results: list[tuple[str, LandedObject]] = []
    event_logs: dict[tuple[str, str], tuple[LandedObject, ...]] = {}
    pods: dict[tuple[str, str], LandedObject] = {}
    unknown: list[LandedObject] = []
    for item in sorted(objects, key=lambda o: o.key):
        parts = item.key.removeprefix(prefix).split("/")
        if parts == [MANIFEST]:
            manifest = item
        elif parts == [SUCCESS]:
            is_complete = True
        elif "" in parts:
            unknown.append(item)
        elif len(parts) == _RESULT_DEPTH and parts[1].endswith(".jsonl"):
            results.append((parts[0], item))
        elif len(parts) == _POD_DEPTH and parts[2] == PODS:
            pods[parts[0], parts[1]] = item
        elif len(parts) >= _EVENT_LOG_DEPTH and parts[2] == EVENT_LOG_FOLDER:
            run = (parts[0], parts[1])
            event_logs[run] = (*event_logs.get(run, ()), item)
        else:
            unknown.append(item)
    return LandedCampaign(
        campaign=campaign,
        manifest=manifest,
        is_complete=is_complete,
        results=tuple(results),
        event_logs=event_logs,
        pod_snapshots=pods,
        unknown=tuple(unknown),
    )
