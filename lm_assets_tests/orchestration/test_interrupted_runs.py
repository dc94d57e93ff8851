"""Runs in this process end as this process does."""

import os
import signal
from collections.abc import Iterator

import dagster as dg
import pytest

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.protocol import ObjectInfo
from lm_assets.orchestration.runs_here import RunsHere
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


class InterruptedStore(InMemoryObjectStore):
    """Whoever lists it presses Ctrl-C meanwhile."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        os.kill(os.getpid(), signal.SIGINT)
        return super().list(prefix)


def test_ctrl_c_during_a_run_is_an_interruption_by_its_usual_name():
    with dg.DagsterInstance.ephemeral() as instance:
        runs = RunsHere(
            instance,
            bucket=CampaignBucket(InterruptedStore()),
            warehouse=None,
            settings=load_configuration(PROJECT / "config"),
        )
        with pytest.raises(KeyboardInterrupt):
            runs.store_as_history("nightly-2026-11-29")
