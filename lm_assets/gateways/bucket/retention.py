"""How long objects are kept: lifecycle rules of the bucket, set and verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError, ObjectStoreRefusedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.retention import RetentionPolicy

# Rules of these names are the platform's; a bucket may have others, which are left alone.
RULE_PREFIX = "lm-assets-"
_UNFINISHED_UPLOAD_DAYS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class PrefixRetention:
    """What is wanted of a prefix and what the bucket's rules say, in days; None is for ever.

    Where a rule of somebody else expires objects of the prefix earlier, ``found_days`` are its.
    """

    prefix: str
    wanted_days: int
    found_days: int | None

    @property
    def is_applied(self) -> bool:
        """Whether the bucket does what is wanted."""
        return self.found_days == self.wanted_days


def wanted_days(policy: RetentionPolicy) -> dict[str, int]:
    """Return the days for which objects are kept, by prefix."""
    return {
        object_keys.INCOMING: policy.raw_days,
        object_keys.RAW: policy.raw_days,
        object_keys.QUARANTINE: policy.raw_days,
        object_keys.COMPUTE_LOGS: policy.raw_days,
        object_keys.SHARDS: policy.raw_days,
        object_keys.AGGREGATED: policy.aggregated_days,
        object_keys.REPORTS: policy.aggregated_days,
        object_keys.CONFIRMATIONS: policy.aggregated_days,
        object_keys.PROPOSALS: policy.aggregated_days,
        object_keys.PROFILES: policy.aggregated_days,
        object_keys.ALERT_STATES: policy.aggregated_days,
    }


def apply_lifecycle(store: S3ObjectStore, policy: RetentionPolicy) -> list[PrefixRetention]:
    """Set the bucket's lifecycle rules and return what the bucket then says.

    Rules that are not the platform's are kept.

    Raises
    ------
    ObjectStoreRefusedError
        When the store refuses the rules, or takes them and does not give them back.
    """
    others = [rule for rule in _rules(store) if not _is_own(rule)]
    rules = [*others, *(_rule(prefix, days) for prefix, days in wanted_days(policy).items())]
    store.ask(
        "setting the lifecycle of",
        "",
        lambda: store.client.put_bucket_lifecycle_configuration(
            Bucket=store.bucket, LifecycleConfiguration={"Rules": rules}
        ),
    )
    status = lifecycle_status(store, policy)
    if refused := [item.prefix for item in status if not item.is_applied]:
        raise ObjectStoreRefusedError(
            f"bucket {store.bucket} took the lifecycle rules and does not have them: {refused}; "
            "does this server support lifecycle rules, or does somebody else's expire them earlier?"
        )
    return status


def lifecycle_status(store: S3ObjectStore, policy: RetentionPolicy) -> list[PrefixRetention]:
    """Return what is wanted of each prefix and what the bucket's rules say of it."""
    rules = [rule for rule in _rules(store) if rule.get("Status") == "Enabled"]
    return [
        PrefixRetention(prefix=prefix, wanted_days=days, found_days=_found_days(rules, prefix))
        for prefix, days in wanted_days(policy).items()
    ]


def _found_days(rules: Sequence[Mapping[str, Any]], prefix: str) -> int | None:
    own = [_days(rule) for rule in rules if _is_own(rule) and _prefix(rule) == prefix]
    others = [_days(rule) for rule in rules if not _is_own(rule) and _meets(_prefix(rule), prefix)]
    if own and own[0] is not None:
        return min([own[0], *(days for days in others if days is not None)])
    return None


def _meets(one: str, other: str) -> bool:
    """Tell whether some object can have both prefixes."""
    return one.startswith(other) or other.startswith(one)


def _days(rule: Mapping[str, Any]) -> int | None:
    days: int | None = rule.get("Expiration", {}).get("Days")
    return days


def _prefix(rule: Mapping[str, Any]) -> str:
    chosen = rule.get("Filter", {})
    found = chosen.get("Prefix") or chosen.get("And", {}).get("Prefix") or rule.get("Prefix")
    return str(found or "")


def _rules(store: S3ObjectStore) -> Sequence[Mapping[str, Any]]:
    try:
        answer = store.ask(
            "reading the lifecycle of",
            "",
            lambda: store.client.get_bucket_lifecycle_configuration(Bucket=store.bucket),
        )
    except ObjectNotFoundError:
        return []
    return list(answer.get("Rules", ()))


def _is_own(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("ID", "")).startswith(RULE_PREFIX)


def _rule(prefix: str, days: int) -> dict[str, Any]:
    return {
        "ID": f"{RULE_PREFIX}{prefix.rstrip('/')}",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UNFINISHED_UPLOAD_DAYS},
    }
