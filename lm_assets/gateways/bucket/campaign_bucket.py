"""A campaign's objects in the bucket, read and written as the nouns of the model.

A write replaces the whole set: what an earlier run of the same campaign left and this one does not
have is deleted, so that a repeat leaves exactly the objects of the last run.
"""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.incoming import Incoming, incoming_objects
from lm_assets.gateways.bucket.record_json import from_jsonl, record_from_json, to_jsonl
from lm_assets.gateways.bucket.verdict_json import VerdictRow
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectNotFoundError, ObjectStore
from lm_assets.gateways.object_store.read_ahead import read_ahead
from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import QuarantinedLine, RunRecord
from lm_assets.model.summary import MetricSummary

T = TypeVar("T")

# A write is mostly waiting for the store.
_CONCURRENT_WRITES = 8
# What a tick of the sensor may spend on objects that nobody can use.
_MOST_REASONS_AT_ONCE = 500

JSON = "application/json"
JSONL = "application/jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantineReason:
    """Why a line of an object was refused; stored beside the refused lines."""

    key: str
    line: int | None
    rule: str
    detail: str


class CampaignBucket:
    """Typed access to the layout of the bucket; the only place that knows both."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def landed(self, campaign: str) -> list[ObjectInfo]:
        """Return the objects that a load runner delivered for a campaign."""
        return list(self.store.list(object_keys.incoming_prefix(campaign)))

    def incoming(self, *, passing_over: Collection[str] = ()) -> Incoming:
        """Return every landed object but those of the campaigns that are passed over."""
        return incoming_objects(self.store, passing_over=passing_over)

    def write_unusable(self, objects: Iterable[ObjectInfo]) -> None:
        """Leave a reason for each object that landed in no usable campaign's folder, and no other.

        The objects stay where they are. A reason that is there is not written again: they are
        looked at every few seconds for a month. Many new ones take several calls.
        """
        prefix = object_keys.quarantine_prefix(None)
        wanted = {
            f"{object_keys.quarantine_stem(None, item.key)}.reason.json": item for item in objects
        }
        there = {item.key for item in self.store.list(prefix)}
        new = sorted(wanted.keys() - there)[:_MOST_REASONS_AT_ONCE]
        reasons = {key: _reasons([_unusable_object(wanted[key])]) for key in new}
        self._write_and_delete(reasons, there - wanted.keys())

    def manifest(self, campaign: str, *, max_bytes: int | None = None) -> bytes | None:
        """Return the delivered manifest, or ``None`` when there is none.

        Raises
        ------
        ObjectTooLargeError
            When it is larger than ``max_bytes``; it is then not fetched.
        """
        try:
            return self.store.read(object_keys.manifest_key(campaign), max_bytes=max_bytes)
        except ObjectNotFoundError:
            return None

    def write_records(self, campaign: str, records: Iterable[RunRecord]) -> None:
        """Replace a campaign's canonical records, one object a combination, and then its facts."""
        kept = list(records)
        objects = {
            object_keys.raw_key(campaign, combination): to_jsonl(rows)
            for combination, rows in _by_combination(kept).items()
        }
        self._replace(object_keys.raw_prefix(campaign), objects)
        facts = to_jsonl([CampaignFacts.of_records(campaign, kept)])
        self.store.write(object_keys.facts_key(campaign), facts, content_type=JSON)

    def records(self, campaign: str) -> list[RunRecord]:
        """Return a campaign's canonical records, by combination and then as delivered.

        Raises
        ------
        DataFaultError
            When the campaign has none, or a stored line is not a record.
        """
        records = self.stored_records(campaign)
        if not records:
            raise DataFaultError(
                f"campaign {campaign!r} has no records under raw/: "
                "has it landed, and did its run succeed?"
            )
        return records

    def stored_records(self, campaign: str) -> list[RunRecord]:
        """Return the same, where none at all is an answer, but not a part of what was written.

        Raises
        ------
        DataFaultError
            When there are fewer or more than the campaign's facts say: some have expired, or a run
            was killed while it wrote them. To judge what is left would replace the whole's verdict.
        """
        records = self.records_left(campaign)
        facts = self.facts(campaign)
        if facts is not None and facts.runs != len(records):
            raise DataFaultError(
                f"raw/ holds {len(records)} of the {facts.runs} records of campaign {campaign!r}: "
                "they have begun to expire, or a run was killed while it wrote them (repeat it)"
            )
        return records

    def records_left(self, campaign: str) -> list[RunRecord]:
        """Return the records that there are, all of them or not."""
        return self._records_under(object_keys.raw_prefix(campaign))

    def facts(self, campaign: str) -> CampaignFacts | None:
        """Return what a campaign's records said of it; None when an earlier version stored it."""
        key = object_keys.facts_key(campaign)
        try:
            (facts,) = self._rows(key, CampaignFacts)
        except ObjectNotFoundError:
            return None
        except ValueError as error:
            raise DataFaultError(f"{key} must hold one line") from error
        return facts

    def write_summaries(self, campaign: str, summaries: Iterable[MetricSummary]) -> None:
        """Replace a campaign's summaries."""
        self.store.write(
            object_keys.summaries_key(campaign), to_jsonl(summaries), content_type=JSONL
        )

    def summaries(self, campaign: str) -> list[MetricSummary]:
        """Return a campaign's summaries."""
        return self._rows(object_keys.summaries_key(campaign), MetricSummary)

    def write_verdict_rows(self, campaign: str, rows: Iterable[VerdictRow]) -> None:
        """Replace a campaign's verdict table."""
        self.store.write(object_keys.verdicts_key(campaign), to_jsonl(rows), content_type=JSONL)

    def verdict_rows(self, campaign: str) -> list[VerdictRow]:
        """Return a campaign's verdict table."""
        return self._rows(object_keys.verdicts_key(campaign), VerdictRow)

    def write_confirmation_runs(self, campaign: str, records: Iterable[RunRecord]) -> None:
        """Replace the fresh runs of a campaign's suspected cells, one object a combination.

        They lie apart from ``raw/``, so that nothing takes them for runs of a campaign.
        """
        objects = {
            object_keys.confirmation_runs_key(campaign, combination): to_jsonl(rows)
            for combination, rows in _by_combination(records).items()
        }
        self._replace(object_keys.confirmation_runs_prefix(campaign), objects)

    def confirmation_runs(self, campaign: str) -> list[RunRecord]:
        """Return the fresh runs of a campaign's suspected cells; none until some have landed."""
        return self._records_under(object_keys.confirmation_runs_prefix(campaign))

    def write_confirmation_request(
        self, campaign: str, request: Mapping[str, object] | None
    ) -> str | None:
        """Replace what a campaign asks load runners for, and return its key; None takes it away."""
        key = object_keys.confirmation_request_key(campaign)
        if request is None:
            if self.store.exists(key):
                self.store.delete(key)
            return None
        self.store.write(key, _indented(request), content_type=JSON)
        return key

    def write_quarantine(self, campaign: str, lines: Iterable[QuarantinedLine]) -> None:
        """Replace a campaign's quarantine: refused lines whole, and beside them the reasons."""
        by_key: dict[str, list[QuarantinedLine]] = {}
        for line in lines:
            by_key.setdefault(line.key, []).append(line)
        objects: dict[str, bytes] = {}
        for key, refused in by_key.items():
            target = object_keys.quarantine_stem(campaign, key)
            content = "".join(f"{line.content}\n" for line in refused if line.content)
            if content:
                objects[f"{target}.jsonl"] = content.encode()
            objects[f"{target}.reason.json"] = _reasons(refused)
        self._replace(object_keys.quarantine_prefix(campaign), objects)

    def quarantine(self, campaign: str) -> list[QuarantinedLine]:
        """Return what was refused of a campaign and why, in key order; without the contents."""
        refused: list[QuarantinedLine] = []
        for item in self.store.list(object_keys.quarantine_prefix(campaign)):
            if item.key.endswith(".reason.json"):
                content = self.store.read(item.key)
                refused += (
                    QuarantinedLine(
                        campaign=campaign,
                        key=reason.key,
                        line=reason.line,
                        rule=reason.rule,
                        detail=reason.detail,
                        content="",
                    )
                    for reason in msgspec.json.decode(content, type=list[QuarantineReason])
                )
        return refused

    def write_report(self, campaign: str, name: str, content: bytes, content_type: str) -> str:
        """Write one report and return its key."""
        key = object_keys.report_key(campaign, name)
        self.store.write(key, content, content_type=content_type)
        return key

    def report(self, campaign: str, name: str) -> bytes:
        """Return one report."""
        return self.store.read(object_keys.report_key(campaign, name))

    def _records_under(self, prefix: str) -> list[RunRecord]:
        keys = (item.key for item in self.store.list(prefix))
        return [
            record_from_json(line)
            for _, content in read_ahead(self.store.read, keys)
            for line in content.result().splitlines()
        ]

    def _rows(self, key: str, row_type: type[T]) -> list[T]:
        return list(from_jsonl(self.store.read(key), row_type, source=key))

    def _replace(self, prefix: str, objects: Mapping[str, bytes]) -> None:
        before = {item.key for item in self.store.list(prefix)}
        self._write_and_delete(objects, before - objects.keys())

    def _write_and_delete(self, objects: Mapping[str, bytes], gone: Collection[str]) -> None:
        def write(item: tuple[str, bytes]) -> None:
            kind = JSON if item[0].endswith(".json") else JSONL
            self.store.write(item[0], item[1], content_type=kind)

        with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
            list(pool.map(write, objects.items()))
            list(pool.map(self.store.delete, sorted(gone)))


def _unusable_object(item: ObjectInfo) -> QuarantinedLine:
    return QuarantinedLine(
        campaign="",
        key=item.key,
        line=None,
        rule="campaign_id",
        detail="the object lies in no folder whose name can be a campaign id; it was left in place",
        content="",
    )


def _reasons(refused: list[QuarantinedLine]) -> bytes:
    reasons = [
        QuarantineReason(key=r.key, line=r.line, rule=r.rule, detail=r.detail) for r in refused
    ]
    return _indented(reasons)


def _by_combination(records: Iterable[RunRecord]) -> Mapping[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for record in records:
        found.setdefault(record.combination, []).append(record)
    return found


def _indented(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"
