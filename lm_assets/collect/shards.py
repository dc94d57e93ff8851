"""Event logs of one campaign, read by several processes: who reads what, and what was read.

A shard reads some of the logs, keeps their profiles and leaves what they said in the bucket.
The campaign is then collected as any other; a log that was read ahead is not read again. What was
read bears the digest of its log, so that nothing that has changed since is used, and a shard that
is repeated after it was whole has nothing left to do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from lm_assets.collect.campaign_records import LandedRun
from lm_assets.collect.collector import landed_results
from lm_assets.collect.delivered_logs import (
    DeliveredLog,
    LogsRead,
    ReadLog,
    ask_delivered_log,
    delivered_log,
    with_profile_kept,
)
from lm_assets.collect.landing.landed_objects import sort_landed_objects
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import from_jsonl, to_jsonl
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError, ObjectStore
from lm_assets.gateways.object_store.read_ahead import read_ahead
from lm_assets.model.combination import Matrix
from lm_assets.model.metric import MetricCatalogue

_JSONL = "application/jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedShard:
    """One shard: its number, and how much it reads."""

    number: int
    logs: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _PlannedRun:
    """Which shard reads the log of one run."""

    shard: int
    combination: str
    run_id: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shards:
    """The shards of one run of a campaign; ``run`` tells them from those of any other run."""

    campaign: str
    run: str
    bucket: CampaignBucket
    matrix: Matrix
    metrics: MetricCatalogue

    def plan(self, shard_bytes: int) -> tuple[PlannedShard, ...]:
        """Divide the campaign's logs into shards of about so many bytes, and keep the division.

        The plan that an earlier try of this run made stays, so that what it read is of use.
        """
        key = _plan_key(self.campaign, self.run)
        try:
            rows = list(from_jsonl(self.bucket.store.read(key), _PlannedRun, source=key))
        except ObjectNotFoundError:
            rows = list(_division(self._logs(), shard_bytes))
            self.bucket.store.write(key, to_jsonl(rows), content_type=_JSONL)
        return _shards(rows)

    def read(
        self,
        number: int,
        *,
        concurrency: int,
        report_progress: Callable[[str], None] = lambda _message: None,
    ) -> int:
        """Read the logs of one shard; return how many were read."""
        key = f"{object_keys.shards_prefix(self.campaign, self.run)}read-{number:04d}.jsonl"
        if self.bucket.store.exists(key):
            report_progress(f"{key} is there: an earlier try has read this shard")
            return 0
        plan = _plan_key(self.campaign, self.run)
        planned = from_jsonl(self.bucket.store.read(plan), _PlannedRun, source=plan)
        wanted = {(row.combination, row.run_id) for row in planned if row.shard == number}
        logs = [(run, log) for run, log in self._logs() if _name(run) in wanted]
        ask = partial(_read_log, store=self.bucket.store, campaign=self.campaign)
        with ThreadPoolExecutor(concurrency) as pool:
            read = list(pool.map(ask, logs))
        self.bucket.store.write(key, to_jsonl(read), content_type=_JSONL)
        report_progress(f"read {len(read)} event logs: {key}")
        return len(read)

    def _logs(self) -> Sequence[tuple[LandedRun, DeliveredLog]]:
        """Return the runs that an event log was delivered for, with it."""
        landed = sort_landed_objects(self.campaign, self.bucket.landed(self.campaign))
        results = landed_results(
            landed, bucket=self.bucket, matrix=self.matrix, metrics=self.metrics
        )
        return [(run, log) for run in results.runs if (log := delivered_log(run, landed)).parts]


def logs_read_ahead(store: ObjectStore, campaign: str, run: str) -> LogsRead:
    """Return what the shards of a run have read, by combination and run; nothing without any."""
    prefix = object_keys.shards_prefix(campaign, run)
    plan = _plan_key(campaign, run)
    keys = [item.key for item in store.list(prefix) if item.key != plan]
    return {
        (row.combination, row.run_id): row
        for key, content in read_ahead(store.read, keys)
        for row in from_jsonl(content.result(), ReadLog, source=key)
    }


def _plan_key(campaign: str, run: str) -> str:
    return f"{object_keys.shards_prefix(campaign, run)}plan.jsonl"


def _division(
    logs: Iterable[tuple[LandedRun, DeliveredLog]], shard_bytes: int
) -> Iterator[_PlannedRun]:
    """Give each log, the largest first, to the shard that has least; no log is divided."""
    largest_first = sorted(logs, key=lambda item: (-item[1].size_bytes, _name(item[0])))
    total = sum(log.size_bytes for _, log in largest_first)
    count = max(1, min(-(-total // shard_bytes), len(largest_first)))
    load = dict.fromkeys(range(count), 0)
    for run, log in largest_first:
        shard = min(load, key=lambda number: (load[number], number))
        load[shard] += log.size_bytes
        combination, run_id = _name(run)
        yield _PlannedRun(
            shard=shard, combination=combination, run_id=run_id, size_bytes=log.size_bytes
        )


def _shards(rows: Iterable[_PlannedRun]) -> tuple[PlannedShard, ...]:
    by_number: dict[int, list[_PlannedRun]] = {}
    for row in rows:
        by_number.setdefault(row.shard, []).append(row)
    return tuple(
        PlannedShard(number=n, logs=len(of), size_bytes=sum(row.size_bytes for row in of))
        for n, of in sorted(by_number.items())
    )


def _read_log(
    item: tuple[LandedRun, DeliveredLog], *, store: ObjectStore, campaign: str
) -> ReadLog:
    run, log = item
    answers = [ask_delivered_log(store, log)]
    (answer,) = with_profile_kept(answers, run, store=store, campaign=campaign)
    combination, run_id = _name(run)
    return ReadLog(combination=combination, run_id=run_id, digest=log.digest, answer=answer)


def _name(run: LandedRun) -> tuple[str, str]:
    return run.combination.id, run.line.run_id
