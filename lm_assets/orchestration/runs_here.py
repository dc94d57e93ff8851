"""Runs in this process: many small ones, of which each would pay the start of a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration import resources
from lm_assets.orchestration.assets import (
    alerts,
    baseline_catalogue,
    causes,
    combinations,
    confirmation,
    documents,
    judgement,
    metrics,
)
from lm_assets.orchestration.io_managers import campaign_tables
from lm_assets.orchestration.jobs import combination_job, history_job
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION

# What a run tells stands in its events; on the console it would drown the caller's own words.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_NO_COMPUTE_LOGS = """compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


class RunsHere:
    """Runs of Dagster's jobs in this process, recorded by the instance as any other.

    What a run would make for itself is given, once for all of them.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        *,
        bucket: CampaignBucket,
        warehouse: Warehouse,
        settings: Configuration,
    ) -> None:
        self._instance = instance
        self._matrix = settings.matrix
        given: dict[str, object] = {
            "bucket": bucket,
            "warehouse": warehouse,
            "settings": settings,
            "notifiers": (),  # what is past is told to nobody
        }
        shared = {
            name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()
        }
        self._definitions = dg.Definitions(
            assets=[
                metrics.incoming_results,
                metrics.raw_metrics,
                metrics.statistical_summaries,
                baseline_catalogue.baseline_catalogue,
                confirmation.incoming_confirmations,
                confirmation.confirmation_runs,
                judgement.regression_verdicts,
                causes.regression_causes,
                alerts.alert_states,
                *documents.report_assets,
                *combinations.combination_assets(settings.matrix),
            ],
            jobs=[history_job, combination_job],
            resources={**resources.ALL, **shared, "io_manager": campaign_tables},
            executor=dg.in_process_executor,
        )

    def store_as_history(self, campaign: str) -> None:
        """Store and judge a landed campaign; a failure of it is raised."""
        self._instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, [campaign])
        self._execute(history_job.name, partition_key=campaign)

    def judge_histories(self) -> None:
        """Bring the baseline and the history of every combination to what is stored."""
        ids = [combination.id for combination in self._matrix.combinations]
        tags = {
            "dagster/asset_partition_range_start": ids[0],
            "dagster/asset_partition_range_end": ids[-1],
        }
        self._execute(combination_job.name, tags=tags)

    def _execute(self, name: str, **of_run: Any) -> None:
        job = self._definitions.resolve_job_def(name)
        try:
            job.execute_in_process(instance=self._instance, run_config=_QUIET, **of_run)
        except dg.DagsterExecutionInterruptedError as error:
            # Ctrl-C by Dagster's name: whoever waits for a person's interruption knows no other.
            raise KeyboardInterrupt from error


def _instance_file(home: Path) -> str:
    """Write the file of an instance that is the home's own and keeps no output of its runs.

    Their output would be this process's, and Dagster would start two more for each of them.
    """
    path = home / "runs-here.yaml"
    shared = (home / "dagster.yaml").read_text(encoding="utf-8")
    path.write_text(f"{shared}\n{_NO_COMPUTE_LOGS}", encoding="utf-8")
    return path.name


@contextmanager
def runs_here(home: Path, bucket: CampaignBucket, settings: Configuration) -> Iterator[RunsHere]:
    """Give runs in this process, recorded by the instance of a DAGSTER_HOME.

    The warehouse is the one that the environment names.
    """
    with (
        Warehouse.from_environment(os.environ) as warehouse,
        dg.DagsterInstance.from_config(str(home), _instance_file(home)) as instance,
    ):
        yield RunsHere(instance, bucket=bucket, warehouse=warehouse, settings=settings)
