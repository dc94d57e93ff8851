"""The sensor, a real Dagster instance and real servers, one tick at a time."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from lm_assets.definitions import build_definitions
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import Clock, SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.orchestration.executors import ShardLimit
from lm_assets.orchestration.sensors import new_results
from lm_assets_tests.integration.left_behind import LeftBehind, left_behind

# All that counts; rendering the reports is most of a run's time.
COUNTED = ("raw_metrics", "statistical_summaries", "regression_verdicts")


class LandedCampaigns:
    """Evaluates the sensor as the daemon does, and executes what it asks for.

    The cursor and the run keys are kept as the daemon keeps them: a key that was used before starts
    nothing.
    """

    def __init__(self, environment: Mapping[str, str], instance: dg.DagsterInstance) -> None:
        self.environment = environment
        self.instance = instance
        self.store = S3ObjectStore.from_environment(environment)
        self.bucket = CampaignBucket(self.store)
        self.clock: Clock = SystemClock()
        self.evaluation_s = 0.0
        self._settings = load_configuration(Path(os.environ["LM_CONFIG_DIR"]))
        self._job = build_definitions(self._settings.matrix).resolve_job_def("campaign_job")
        self._cursor: str | None = None
        self._used_keys: set[str] = set()

    def evaluate(self) -> list[dg.RunRequest]:
        """Return the runs that one evaluation of the sensor starts."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self._cursor,
            resources={
                "bucket": self.bucket,
                "clock": self.clock,
                "retention": self._settings.retention,
                "shard_limit": ShardLimit(),
            },
        )
        began = time.perf_counter()
        result = new_results(context)
        self.evaluation_s = time.perf_counter() - began
        assert isinstance(result, dg.SensorResult)
        self._cursor = result.cursor
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("campaign", list(request.partition_keys))
        started = [r for r in result.run_requests or [] if r.run_key not in self._used_keys]
        self._used_keys |= {str(r.run_key) for r in started}
        return started

    def tick(self) -> list[str]:
        """Evaluate the sensor and execute what it starts; return the campaigns that were run."""
        started = self.evaluate()
        for request in started:
            assert self._job.execute_in_process(
                instance=self.instance,
                partition_key=str(request.partition_key),
                asset_selection=[dg.AssetKey(name) for name in COUNTED],
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            ).success
        return [str(request.partition_key) for request in started]

    def left_behind(self, campaign: str) -> LeftBehind:
        return left_behind(self.environment, campaign)

    def refused(self, campaign: str) -> list[str]:
        """Return the rules by which lines and objects of a campaign were refused."""
        return sorted(line.rule for line in self.bucket.quarantine(campaign))
