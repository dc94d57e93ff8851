"""A stage's alerts in the bucket: their state after each campaign, and every word of people.

The states are snapshots: a campaign is applied to that of the campaign before it, so that a year of
history costs no more than a day. Both lie in folders by month, under keys that sort by time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from lm_assets.gateways.bucket.object_keys import ALERT_EVENTS, ALERT_STATES, validated_id
from lm_assets.gateways.object_store.protocol import ObjectStore
from lm_assets.model.alert import StageAlerts, Statement
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError

T = TypeVar("T")

_JSON = "application/json"
_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class StateKey:
    """Where the alerts of a stage right after a campaign are kept; sorts as campaigns follow."""

    moment: str
    campaign: str
    key: str


def state_key(stage: str, at: datetime, campaign: str) -> StateKey:
    """Return where a stage's alerts right after a campaign are kept."""
    name, moment = validated_id("campaign", campaign), _moment(at)
    folder = _folder(ALERT_STATES, stage, at)
    return StateKey(moment=moment, campaign=name, key=f"{folder}{moment}_{name}.json")


def state_keys(store: ObjectStore, stage: str, *, since: datetime) -> list[StateKey]:
    """Return the states of campaigns from the month of a moment on, and the one before them."""
    months = _months(store, ALERT_STATES, stage)
    first = _folder(ALERT_STATES, stage, since)
    before = [folder for folder in months if folder < first]
    found: list[StateKey] = []
    while before and not found:
        found = _states_in(store, before.pop())[-1:]
    return found + [k for folder in months if folder >= first for k in _states_in(store, folder)]


def all_state_keys(store: ObjectStore, stage: str) -> Iterator[StateKey]:
    """Give every state of a stage that is kept, in order."""
    for folder in _months(store, ALERT_STATES, stage):
        yield from _states_in(store, folder)


def newest_state(store: ObjectStore, stage: str) -> StageAlerts | None:
    """Return a stage's alerts after its newest campaign; None before the first one."""
    for folder in reversed(_months(store, ALERT_STATES, stage)):
        if keys := _states_in(store, folder):
            return read_state(store, keys[-1].key)
    return None


def read_state(store: ObjectStore, key: str) -> StageAlerts:
    """Return the alerts that a key holds."""
    return _decoded(store.read(key), StageAlerts, key)


def write_state(store: ObjectStore, alerts: StageAlerts) -> str:
    """Store a stage's alerts right after a campaign, in place of any others; return the key."""
    seen = alerts.observation
    key = state_key(seen.stage, seen.at, seen.campaign).key
    store.write(key, _encoder.encode(alerts), content_type=_JSON)
    return key


def write_statement(store: ObjectStore, statement: Statement) -> str:
    """Store what a person said, once and for ever; return the key."""
    name = validated_id("statement", statement.statement_id)
    folder = _folder(ALERT_EVENTS, statement.stage, statement.at)
    key = f"{folder}{_moment(statement.at)}_{name}.json"
    store.write(key, _encoder.encode(statement), content_type=_JSON)
    return key


def statements(store: ObjectStore, stage: str, *, since: datetime | None = None) -> list[Statement]:
    """Return what was said of a stage's alerts after a moment, or ever, the oldest first."""
    first = "" if since is None else _folder(ALERT_EVENTS, stage, since)
    keys = [
        item.key
        for folder in _months(store, ALERT_EVENTS, stage)
        if folder >= first
        for item in store.list(folder)
    ]
    said = [_decoded(store.read(key), Statement, key) for key in keys]
    return [statement for statement in said if since is None or statement.at > since]


def _states_in(store: ObjectStore, folder: str) -> list[StateKey]:
    found = []
    for item in store.list(folder):
        moment, _, campaign = item.key.removeprefix(folder).removesuffix(".json").partition("_")
        found.append(StateKey(moment=moment, campaign=campaign, key=item.key))
    return sorted(found)


def _months(store: ObjectStore, prefix: str, stage: str) -> list[str]:
    return sorted(store.children(f"{prefix}{Stage(stage)}/").folders)


def _folder(prefix: str, stage: str, at: datetime) -> str:
    return f"{prefix}{Stage(stage)}/{at.astimezone(UTC):%Y-%m}/"


def _moment(at: datetime) -> str:
    # No colon: some stores and tools take it for something else.
    return f"{at.astimezone(UTC):%Y-%m-%dT%H%M%S.%f}Z"


def _decoded(data: bytes, into: type[T], key: str) -> T:
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DataFaultError(f"{key} is no {into.__name__}: {error}") from error
