"""Whole campaigns whose evidence contradicts itself, or is another one than the night before."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.campaign import Stage
from lm_assets.model.provenance import is_at_least, source_of
from lm_assets.model.verdict import Verdict
from lm_assets.regression.baselines import ChangeRequest, plan_change
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.cluster_exposition import constant, line
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.integration.in_process_platform import InProcessPlatform
from lm_assets_tests.integration.real_prometheus import back_filled, serving_prometheus
from lm_assets_tests.integration.result_files import land, result_line
from lm_assets_tests.integration.test_prometheus_contradictions import (
    ALWAYS,
    CPU,
    END,
    GIB,
    MEMORY,
    START,
    cluster,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SAME, KINDS = (f"3.5.0_connect_kubernetes_none_{name}_1gb" for name in ("read", "join"))
FIRST, SECOND = "nightly-2026-11-22-1a2b3c4", "nightly-2026-11-23-1a2b3c4"
STEADY = [f"steady-{run}" for run in range(1, 6)]
CONTRADICTIONS = ["wavers", "nested", "days-old", "wrapped", "init", "over-limit"]


@contextmanager
def prometheus_with_history(folder: Path) -> Iterator[str]:
    """A real server that knows every kind of contradiction, and five steady runs."""
    told = cluster()
    for run, namespace in enumerate(STEADY, start=1):
        grown = line(-4, 12, start=100, step=15 + run / 10)
        told.cadvisor(CPU, namespace, "exec-1", grown, cpu="total")
        told.cadvisor(MEMORY, namespace, "exec-1", constant(ALWAYS, (1 + run / 100) * GIB))
    with serving_prometheus(folder / "server", back_filled(told, folder)) as url:
        yield url


@pytest.fixture
def platform(
    service_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> InProcessPlatform:
    config = shutil.copytree(PROJECT / "config", tmp_path / "config")
    for name, value in {**service_environment, "LM_CONFIG_DIR": str(config)}.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
    return InProcessPlatform.of_environment()


def lines_of(combination: str, namespaces: list[str]) -> list[str]:
    when = {"start_time": START.isoformat(), "end_time": END.isoformat()}
    return [
        result_line(combination, run, 300.0 + run / 10, namespace=name, **when)
        for run, name in enumerate(namespaces, start=1)
    ]


def deliver(platform: InProcessPlatform, campaign: str, runs: dict[str, list[str]]) -> None:
    lines = {name: lines_of(name, namespaces) for name, namespaces in runs.items()}
    land(platform.bucket.store, campaign, dict.fromkeys(runs, ()), extra_lines=lines)


def deliver_event_logs(platform: InProcessPlatform, campaign: str) -> None:
    """Logs whose executors have far more heap than the containers ever used."""
    events = eventful_application("app-1")
    events[1]["Spark Properties"]["spark.executor.memory"] = "200g"
    for run in range(1, 6):
        key = f"incoming/{campaign}/{SAME}/run-{run}/eventlog/app-1"
        platform.bucket.store.write(key, event_lines(*events))


def deliver_log_with_an_end_twice(platform: InProcessPlatform) -> None:
    events = eventful_application("app-1")
    twice = next(e for e in events if e.get("Task End Reason", {}).get("Reason") == "Success")
    key = f"incoming/{FIRST}/{KINDS}/run-1/eventlog/app-1"
    platform.bucket.store.write(key, event_lines(*events[:-1], twice, events[-1]))


def accept(platform: InProcessPlatform, campaign: str, accepted_at: datetime) -> None:
    """Make the baselines of a campaign, as `lm baseline init` does."""
    settings = load_configuration(platform.configuration)
    before = read_catalogue(settings.baselines_path)
    plan = plan_change(
        [r for r in platform.bucket.records(campaign) if r.combination == SAME],
        ChangeRequest(now=accepted_at, reason="the first night", only_new=True),
        catalogue=before,
        metrics=settings.metrics,
        policy=settings.regression.stages[Stage.NIGHTLY],
    )
    assert plan.refusals == ()
    write_catalogue(settings.baselines_path, plan.catalogue, before.digest)


def test_contradictions_are_seen_through_in_a_whole_campaign_and_an_absent_source_is_no_regression(
    platform: InProcessPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(platform, FIRST, {SAME: STEADY, KINDS: CONTRADICTIONS})
    deliver_log_with_an_end_twice(platform)
    with prometheus_with_history(tmp_path) as url:
        monkeypatch.setenv("LM_PROMETHEUS_URL", url)
        assert platform.run(FIRST).success

    told = [r for r in platform.bucket.records(FIRST) if r.combination == KINDS]
    of = dict(zip(CONTRADICTIONS, sorted(told, key=lambda r: r.run_id), strict=True))
    assert of["wavers"].metrics["cpu_core_seconds"] == pytest.approx(150.0, abs=0.5)
    assert of["nested"].metrics["cpu_core_seconds"] == pytest.approx(150.0, abs=0.5)
    assert of["nested"].metrics["memory_gib_seconds"] == pytest.approx(600.0)
    assert of["days-old"].metrics["cpu_core_seconds"] == pytest.approx(90.0)
    assert is_at_least(of["days-old"].provenance["cpu_core_seconds"])
    assert of["wrapped"].metrics["memory_gib_seconds"] == pytest.approx(300.0)
    assert (of["init"].metrics["pod_restarts"], of["init"].metrics["oom_kills"]) == (1.0, 1.0)
    beyond = of["over-limit"]
    assert "derived from cpu_core_seconds" in beyond.missing["cpu_usage_pct"]
    assert "none that a count of restarts can be" in beyond.missing["pod_restarts"]
    assert is_at_least(of["wavers"].provenance["failed_tasks"])
    assert "ended more than once in the log" in of["wavers"].missing["gc_time_pct"]
    killed = [c for c in platform.verdict(FIRST).cells if c.metric == "oom_kills"]
    assert {c.combination: c.verdict for c in killed}[KINDS] is Verdict.REGRESSED

    accept(platform, FIRST, END + timedelta(hours=1))
    # The second night asks the same address, and nobody is there.
    deliver(platform, SECOND, {SAME: STEADY})
    deliver_event_logs(platform, SECOND)
    result = platform.run(SECOND)
    assert result.success

    first, second = (platform.bucket.records(campaign)[-1] for campaign in (FIRST, SECOND))
    assert source_of(second.provenance["memory_gib_seconds"]) == "event log"
    assert second.metrics["memory_gib_seconds"] > 2 * first.metrics["memory_gib_seconds"]
    verdict = platform.verdict(SECOND)
    cells = {c.metric: c for c in verdict.cells}
    assert (verdict.verdict, verdict.exit_code) == (Verdict.SOURCE_CHANGED, 3)
    assert cells["duration_s"].verdict is Verdict.UNCHANGED
    for metric in ("memory_gib_seconds", "cpu_core_seconds"):
        assert cells[metric].verdict is Verdict.SOURCE_CHANGED
        assert cells[metric].explanation["sources"] == {
            "baseline": {"prometheus": 5},
            "current": {"event log": 5},
        }
    assert any("by prometheus in the baseline and by event log now" in n for n in verdict.notes)
    said = {c.check_name: c for c in result.get_asset_check_evaluations()}
    assert not said["campaign_not_regressed"].passed
    description = said["campaign_not_regressed"].description or ""
    assert "cells cannot (source changed)" in description
    assert b"sources that mean different things" in platform.bucket.report(SECOND, "executive.md")

    with Warehouse.from_environment(os.environ) as warehouse:
        history = warehouse.combination_history(SAME, metrics=["memory_gib_seconds"])
    assert [point.sources for point in history] == [["prometheus"], ["event log"]]
    stored = [json.loads(text) for text in platform.bucket.report(SECOND, "raw.jsonl").splitlines()]
    assert any("event log" in json.dumps(row) for row in stored)
