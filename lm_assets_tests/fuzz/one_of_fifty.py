"""A campaign of fifty runs, of which one brings whatever a test gives it, through to its verdict.

Forty-nine runs are the same for every input and made once: of the campaign itself only what the one
run can change is made anew, by the code that makes it in production.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from lm_assets.collect.collector import CollectedCampaign, collect_campaign
from lm_assets.collect.run_sources import RunSources, Servers
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import record_from_json, record_to_json, to_jsonl
from lm_assets.gateways.bucket.verdict_json import campaign_verdict, verdict_rows
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Manifest
from lm_assets.model.record import QuarantinedLine, RunRecord
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.baselines import initial_entries
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.summaries import summarise
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.integration.result_files import result_line

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATION = "3.5.0_connect_kubernetes_none_read_1gb"
OTHERS = tuple(
    f"{version}_connect_kubernetes_none_{operation}_1gb"
    for version in ("3.5.0", "4.0.0")
    for operation in ("read", "write", "join", "aggregate", "window")
)[1:]
PLACE = f"incoming/{CAMPAIGN}/{COMBINATION}"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RUNS = 50


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the campaign ended: its verdict, the one run's record if it has one, what was refused."""

    verdict: CampaignVerdict
    records: Sequence[RunRecord]
    one: RunRecord | None
    quarantined: Sequence[QuarantinedLine]

    @property
    def said(self) -> str:
        """Everything that is said of what was wrong."""
        of_record = [] if self.one is None else [*self.one.missing.values(), str(self.one.extra)]
        refused = [f"{line.rule}: {line.detail}" for line in self.quarantined]
        return "\n".join([*of_record, *refused, *self.verdict.notes])


@cache
def settings() -> Configuration:
    """Return the shipped configuration."""
    return load_configuration(PROJECT / "config")


def campaign_of(
    *,
    line: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    manifest: bytes | None = None,
    servers: Servers | None = None,
) -> Ended:
    """Return the end of a campaign whose fiftieth run has this line and these files beside it."""
    collected = _collected(line, files or {}, manifest, servers)
    one = collected.records[0] if collected.records else None
    stored = tuple(record_from_json(record_to_json(record)) for record in collected.records)
    records = [*_sound_runs(), *stored]
    verdict = _verdict(collected.manifest, stored)
    return Ended(verdict=verdict, records=records, one=one, quarantined=collected.quarantined)


def _verdict(manifest: Manifest, stored: Sequence[RunRecord]) -> CampaignVerdict:
    """Return the judgement; what differs in words only is neither summarised nor judged again."""
    numbers = [
        (r.combination, r.run_id, r.is_failed, sorted(r.metrics.items()), sorted(r.missing))
        for r in stored
    ]
    key = repr((manifest, numbers, [r.environment for r in stored]))
    if key not in _JUDGED:
        # The other combinations' summaries know nothing of this one.
        beside = [record for record in _sound_runs() if record.combination == COMBINATION]
        to_jsonl(summarise([*beside, *stored], settings().metrics))
        verdict = judge_campaign(
            manifest,
            [*_sound_runs(), *stored],
            catalogue=baselines(),
            metrics=settings().metrics,
            policy=settings().regression,
        )
        _JUDGED[key] = campaign_verdict(verdict_rows(verdict))
    return _JUDGED[key]


_JUDGED: dict[str, CampaignVerdict] = {}


def sound_line(run: int = 1, **fields: object) -> bytes:
    """Return a line that nothing is wrong with."""
    given = {"spark_app_id": "app-1", "namespace": "load-42", **fields}
    return result_line(COMBINATION, run, 60.0, **given).encode()


def _collected(
    line: bytes | None,
    files: Mapping[str, bytes],
    manifest: bytes | None,
    servers: Servers | None,
) -> CollectedCampaign:
    store = InMemoryObjectStore()
    store.write(f"{PLACE}/results.jsonl", sound_line() if line is None else line)
    for name, content in files.items():
        store.write(f"{PLACE}/run-1/{name}", content)
    if manifest is not None:
        store.write(f"incoming/{CAMPAIGN}/manifest.json", manifest)
    store.write(f"incoming/{CAMPAIGN}/_SUCCESS", b"")
    return collect_campaign(
        CAMPAIGN,
        bucket=CampaignBucket(store),
        matrix=settings().matrix,
        metrics=settings().metrics,
        now=NOW,
        sources=RunSources(store=store, servers=servers or Servers(), concurrency=1),
    )


@cache
def _sound_runs() -> tuple[RunRecord, ...]:
    store = InMemoryObjectStore()
    for combination, runs in [(COMBINATION, range(2, 6)), *((c, range(1, 6)) for c in OTHERS)]:
        lines = [result_line(combination, run, 60.0 + 0.1 * run) for run in runs]
        key = f"incoming/{CAMPAIGN}/{combination}/results.jsonl"
        store.write(key, "\n".join(lines).encode())
    store.write(f"incoming/{CAMPAIGN}/_SUCCESS", b"")
    sound = collect_campaign(
        CAMPAIGN,
        bucket=CampaignBucket(store),
        matrix=settings().matrix,
        metrics=settings().metrics,
        now=NOW,
        sources=RunSources(store=store),
    )
    assert len(sound.records) == RUNS - 1
    return sound.records


@cache
def baselines() -> BaselineCatalogue:
    """Return what sound runs make of every combination."""
    entries, _ = initial_entries(_sound_runs(), now=NOW, reason="sound runs")
    alike = next(iter(entries.values()))
    return BaselineCatalogue(
        entries={**entries, COMBINATION: replace(alike, combination=COMBINATION)}
    )
