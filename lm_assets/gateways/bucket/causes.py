"""Profiles and causes of a campaign in the bucket."""

from collections.abc import Iterable, Mapping

import msgspec

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.profile_json import profile_from_bytes
from lm_assets.gateways.bucket.record_json import from_jsonl, to_jsonl
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError, ObjectStore
from lm_assets.gateways.object_store.read_ahead import read_ahead
from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.errors import DataFaultError, UnusableInputError
from lm_assets.model.explanation import CombinationCauses

_JSONL = "application/jsonl"
_ZSTD = "application/zstd"


def write_profile(
    store: ObjectStore, *, campaign: str, combination: str, run_id: str, content: bytes
) -> str:
    """Write one run's packed profile and return its key."""
    key = object_keys.profile_key(campaign, combination, run_id)
    store.write(key, content, content_type=_ZSTD)
    return key


def delete_other_profiles(store: ObjectStore, campaign: str, kept: Iterable[str]) -> None:
    """Delete what an earlier run of the campaign left and this one did not write."""
    wanted = set(kept)
    there = [item.key for item in store.list(object_keys.profiles_prefix(campaign))]
    for key in there:
        if key not in wanted:
            store.delete(key)


def profiles_of(
    store: ObjectStore, campaign: str, combination: str
) -> Mapping[str, ApplicationProfile]:
    """Return the profiles of one combination by run id; one that cannot be read is left out."""
    prefix = object_keys.profiles_prefix(campaign, combination)
    keys = [item.key for item in store.list(prefix)]
    found: dict[str, ApplicationProfile] = {}
    for key, content in read_ahead(store.read, keys):
        run_id = key.removeprefix(prefix).removesuffix(object_keys.PROFILE_SUFFIX)
        try:
            found[run_id] = profile_from_bytes(content.result(), source=key).profile
        except UnusableInputError:
            # Of a later version, or damaged: the others still explain.
            continue
    return found


def write_causes(store: ObjectStore, campaign: str, rows: Iterable[CombinationCauses]) -> str:
    """Replace a campaign's causes and return their key."""
    key = object_keys.causes_key(campaign)
    store.write(key, to_jsonl(rows), content_type=_JSONL)
    return key


def read_causes(store: ObjectStore, campaign: str) -> list[CombinationCauses]:
    """Return a campaign's causes.

    Raises
    ------
    DataFaultError
        When the campaign has none: it was not judged, or by an earlier version.
    """
    key = object_keys.causes_key(campaign)
    try:
        content = store.read(key)
    except ObjectNotFoundError as error:
        raise DataFaultError(
            f"campaign {campaign!r} has no causes ({key}): has it been judged by this version?"
        ) from error
    return list(from_jsonl(content, CombinationCauses, source=key))


def causes_if_any(store: ObjectStore, campaign: str) -> list[CombinationCauses]:
    """Return a campaign's causes, none where there are none or they cannot be read."""
    try:
        return read_causes(store, campaign)
    except (DataFaultError, msgspec.MsgspecError):
        return []
