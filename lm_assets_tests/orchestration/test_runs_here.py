"""Campaigns of the past, stored and judged in one process, as Dagster's runs record it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import pytest

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.orchestration.runs_here import RunsHere
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

NIGHT = "nightly-2026-11-29-night-09"


class RowsInMemory:
    """The warehouse as these runs see it: which tables of which campaign were replaced."""

    def __init__(self) -> None:
        self.replaced: list[tuple[str, str]] = []

    def replace_runs(self, campaign: str, _: Sequence[Any], **how: Callable[[], object]) -> None:
        self._replace("runs", campaign, **how)

    def replace_summaries(self, campaign: str, _: Sequence[Any], **how: Any) -> None:
        self._replace("summaries", campaign, **how)

    def replace_verdict(self, verdict: Any, **how: Any) -> None:
        self._replace("verdict", verdict.campaign, **how)

    def run(self, *_: object) -> list[object]:
        """Nothing was stored before."""
        return []

    read = run

    def _replace(self, table: str, campaign: str, *, before_commit: Callable[[], object]) -> None:
        before_commit()
        self.replaced.append((table, campaign))


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Configuration:
    return load_configuration(demo_configuration(tmp_path_factory.mktemp("config")))


@pytest.fixture
def landed() -> CampaignBucket:
    bucket = CampaignBucket(InMemoryObjectStore())
    folder = DEMO / "fortnight" / NIGHT
    for path in folder.rglob("*"):
        if path.is_file():
            key = object_keys.incoming_prefix(NIGHT) + path.relative_to(folder).as_posix()
            bucket.store.write(key, path.read_bytes())
    return bucket


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_night_is_stored_judged_and_reported_and_dagster_knows_it(landed, settings, instance):
    rows = RowsInMemory()
    runs = RunsHere(instance, bucket=landed, warehouse=rows, settings=settings)  # type: ignore[arg-type]
    runs.store_as_history(NIGHT)

    assert len(landed.stored_records(NIGHT)) == 18
    assert landed.verdict_rows(NIGHT)[0].verdict == "no_baseline"
    assert NIGHT.encode() in landed.report(NIGHT, "technical.html")
    assert sorted(rows.replaced) == [("runs", NIGHT), ("summaries", NIGHT), ("verdict", NIGHT)]
    for asset in ("raw_metrics", "regression_verdicts", "technical_report"):
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == {NIGHT}
    assert instance.get_materialized_partitions(dg.AssetKey("regression_alerts")) == set()
