"""The campaign job in this process, on a real object store and a real Postgres."""

import os
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lm_assets.definitions import build_definitions
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.baseline import BaselineCatalogue, MetricBaseline
from lm_assets.model.verdict import CampaignVerdict
from lm_assets_tests.builders import a_baseline


@dataclass(frozen=True, kw_only=True)
class InProcessPlatform:
    """A platform with a configuration folder and a bucket of the test's own.

    The environment must name both; `lm` commands that a test invokes then see the same.
    """

    configuration: Path
    bucket: CampaignBucket

    @classmethod
    def of_environment(cls) -> "InProcessPlatform":
        """Return the platform that this process's environment names."""
        return cls(
            configuration=Path(os.environ["LM_CONFIG_DIR"]),
            bucket=CampaignBucket(S3ObjectStore.from_environment(os.environ)),
        )

    def accept(self, *combinations: str, duration_s: tuple[float, ...]) -> None:
        """Make baselines of one metric."""
        path = load_configuration(self.configuration).baselines_path
        entries = {
            name: a_baseline(
                combination=name,
                metrics={"duration_s": MetricBaseline.of_samples(duration_s)},
                environment={},
            )
            for name in combinations
        }
        before = read_catalogue(path).digest
        write_catalogue(path, BaselineCatalogue(entries=entries), before)

    def run(self, campaign: str) -> dg.ExecuteInProcessResult:
        """Run the campaign job as the sensor would."""
        matrix = load_configuration(self.configuration).matrix
        job = build_definitions(matrix).resolve_job_def("campaign_job")
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("campaign", [campaign])
            return job.execute_in_process(
                instance=instance,
                partition_key=campaign,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            )

    def verdict(self, campaign: str) -> CampaignVerdict:
        """Return the stored verdict."""
        return campaign_verdict(self.bucket.verdict_rows(campaign))
