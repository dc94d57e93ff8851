"""The bucket: there, writable where the platform writes, with its rules, and of the same time."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import islice

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.retention import lifecycle_status, wanted_days
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.health.diagnosis import Diagnosis, Health, diagnose
from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.retention import RetentionPolicy

# Signatures are refused from a quarter of an hour on; what comes near will soon be there.
LARGEST_SKEW = timedelta(minutes=2)
# No campaign can have this name, so that nobody takes the probe for one.
_PROBE_FOLDER = "_doctor"


def bucket_diagnoses(
    store: S3ObjectStore, policy: RetentionPolicy, clock: Clock
) -> Iterator[Diagnosis]:
    """Give how the bucket is; nothing but whether it is reachable where it is not."""
    reached = diagnose(
        "bucket",
        lambda: _reach(store),
        advice="is LM_S3_ENDPOINT right, its server up, AWS_* its keys? To make it: lm prepare",
    )
    yield reached
    if reached.health is not Health.OK:
        return
    yield diagnose(
        "bucket, results",
        lambda: _list_results(store),
        advice="let this user list and read incoming/*",
    )
    for prefix in wanted_days(policy):
        if prefix != object_keys.INCOMING:
            yield diagnose(
                f"bucket, {prefix}",
                lambda prefix=prefix: _write_and_remove(store, prefix),  # type: ignore[misc]
                advice=f"let this user read, write and delete {prefix}*",
            )
    yield _lifecycle(store, policy)
    yield _clock(store, clock)


def _reach(store: S3ObjectStore) -> str:
    store.ask("looking for", "", lambda: store.client.head_bucket(Bucket=store.bucket))
    return f"{store.bucket} at {store.place}"


def _list_results(store: S3ObjectStore) -> str:
    some = len(list(islice(store.list(object_keys.INCOMING), 1)))
    return "something has landed" if some else "nothing has landed yet"


def _write_and_remove(store: S3ObjectStore, prefix: str) -> str:
    key, content = f"{prefix}{_PROBE_FOLDER}/{uuid.uuid4()}", b"lm doctor"
    store.write(key, content)
    try:
        if store.read(key) != content:
            raise ObjectStoreError(f"{key} does not read as it was written")
    finally:
        store.delete(key)
    return "written, read and removed"


def _lifecycle(store: S3ObjectStore, policy: RetentionPolicy) -> Diagnosis:
    what, advice = "bucket, lifecycle rules", "run: lm prepare (or: lm retention apply)"
    try:
        rules = lifecycle_status(store, policy)
    except ObjectStoreError as error:
        return Diagnosis(what=what, health=Health.FAILED, found=str(error), advice=advice)
    wrong = [rule for rule in rules if not rule.is_applied]
    if not wrong:
        return Diagnosis(what=what, health=Health.OK, found=f"{len(rules)} prefixes expire")
    told = ", ".join(f"{r.prefix} {r.found_days or 'never'} ≠ {r.wanted_days} days" for r in wrong)
    return Diagnosis(what=what, health=Health.WARNING, found=told, advice=advice)


def _clock(store: S3ObjectStore, clock: Clock) -> Diagnosis:
    what = "clock"
    answer = store.ask("looking for", "", lambda: store.client.head_bucket(Bucket=store.bucket))
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        skew = clock.now() - parsedate_to_datetime(said)
    except (TypeError, ValueError):
        found = f"the object store does not tell its time ({said!a})"
        return Diagnosis(what=what, health=Health.WARNING, found=found, advice="compare by hand")
    found = f"{skew.total_seconds():+.0f} s against the object store"
    if abs(skew) <= LARGEST_SKEW:
        return Diagnosis(what=what, health=Health.OK, found=found)
    advice = "synchronise the clocks (NTP): requests are refused, and runs are dated wrongly"
    return Diagnosis(what=what, health=Health.FAILED, found=found, advice=advice)
