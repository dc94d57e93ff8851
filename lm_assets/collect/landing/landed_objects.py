"""What landed for a campaign: its objects sorted by what they are.

Layout under ``incoming/<campaign>/``::

    manifest.json
    _SUCCESS
    <combination>/<anything>.jsonl               result lines
    <combination>/<run>/pods.json                optional pod snapshot
    <combination>/<run>/eventlog/<Spark's own>   optional event log: a file, or a rolling folder
    <combination>/<run>/profile.json.zst         instead of the log: what `lm profile` made of it
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lm_assets.gateways.bucket.object_keys import (
    PODS_NAME,
    PROFILE_NAME,
    IncomingKey,
    IncomingKind,
    parse_incoming_key,
)
from lm_assets.model.errors import UnusableInputError

EVENT_LOG_FOLDER = "eventlog/"
_FOLDER_MARKER = "_$folder$"
_IN_EVENT_LOG = f"/{EVENT_LOG_FOLDER}"


class LandedObject(Protocol):
    """An object as a listing gives it."""

    @property
    def key(self) -> str:
        """Full key in the bucket."""

    @property
    def etag(self) -> str:
        """The store's tag of the content."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    @property
    def last_modified(self) -> datetime:
        """When it was written, by the store's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LandedCampaign:
    """A campaign's objects; those of a run are by (combination folder, run folder).

    ``refused`` holds what fits nothing of the layout, with the reason; nothing is skipped but
    Hadoop's empty markers of folders.
    """

    campaign: str
    manifest: LandedObject | None = None
    is_complete: bool = False
    results: tuple[tuple[str, LandedObject], ...] = ()
    event_logs: Mapping[tuple[str, str], tuple[LandedObject, ...]] = field(default_factory=dict)
    pod_snapshots: Mapping[tuple[str, str], LandedObject] = field(default_factory=dict)
    profiles: Mapping[tuple[str, str], LandedObject] = field(default_factory=dict)
    refused: tuple[tuple[LandedObject, UnusableInputError], ...] = ()


def event_log_bytes(objects: Iterable[LandedObject]) -> int:
    """Return how many bytes of event logs there are, as they are stored."""
    return sum(item.size for item in objects if _IN_EVENT_LOG in item.key)


def sort_landed_objects(campaign: str, objects: Iterable[LandedObject]) -> LandedCampaign:
    """Return a campaign's objects by what they are, in key order."""
    manifest: LandedObject | None = None
    is_complete = False
    results: list[tuple[str, LandedObject]] = []
    event_logs: dict[tuple[str, str], tuple[LandedObject, ...]] = {}
    pods: dict[tuple[str, str], LandedObject] = {}
    profiles: dict[tuple[str, str], LandedObject] = {}
    refused: list[tuple[LandedObject, UnusableInputError]] = []
    for item in sorted(objects, key=lambda o: o.key):
        if _is_marker(item):
            continue
        try:
            parsed = _known_key(item.key)
        except UnusableInputError as refusal:
            refused.append((item, refusal))
            continue
        run = (parsed.combination or "", parsed.run_id or "")
        if parsed.kind is IncomingKind.MANIFEST:
            manifest = item
        elif parsed.kind is IncomingKind.SUCCESS:
            is_complete = True
        elif parsed.kind is IncomingKind.RESULTS:
            results.append((run[0], item))
        elif parsed.name == PODS_NAME:
            pods[run] = item
        elif parsed.name == PROFILE_NAME:
            profiles[run] = item
        else:
            event_logs[run] = (*event_logs.get(run, ()), item)
    return LandedCampaign(
        campaign=campaign,
        manifest=manifest,
        is_complete=is_complete,
        results=tuple(results),
        event_logs=event_logs,
        pod_snapshots=pods,
        profiles=profiles,
        refused=tuple(refused),
    )


def _is_marker(item: LandedObject) -> bool:
    """Whether an object only says that a folder is there, as Hadoop's writers put it."""
    return item.key.endswith(_FOLDER_MARKER) and not item.size


def _known_key(key: str) -> IncomingKey:
    parsed = parse_incoming_key(key)
    is_run_file = parsed.kind is IncomingKind.RUN_FILE
    is_known = parsed.name in {PODS_NAME, PROFILE_NAME} or parsed.name.startswith(EVENT_LOG_FOLDER)
    if is_run_file and not is_known:
        raise UnusableInputError(
            "unexpected_object",
            f"a run's folder holds {PODS_NAME}, {EVENT_LOG_FOLDER} or {PROFILE_NAME}, "
            f"not {parsed.name!r}",
        )
    return parsed
