"""What the baseline commands read: configuration, catalogue and the records of campaigns."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The configuration and the catalogue that a command works on."""

    settings: Configuration
    catalogue: BaselineCatalogue

    @classmethod
    def opened(cls, directory: Path) -> "Workspace":
        """Return what a configuration folder holds."""
        settings = load_configuration(directory)
        return cls(settings=settings, catalogue=read_catalogue(settings.baselines_path))

    def policy(self, stage: str) -> StagePolicy:
        """Return the policy that changes of baselines are held against."""
        return self.settings.regression.for_baselines(Stage(stage))


def open_bucket() -> CampaignBucket:
    """Return the bucket that stands in the command's context, else the environment's."""
    given = click.get_current_context().find_object(CampaignBucket)
    return given or CampaignBucket(S3ObjectStore.from_environment(os.environ))


def records_of(bucket: CampaignBucket, campaigns: Sequence[str]) -> list[RunRecord]:
    """Return the canonical records of campaigns, each read once."""
    distinct = dict.fromkeys(campaigns)
    return list(itertools.chain.from_iterable(map(bucket.records, distinct)))


def recent_campaigns(bucket: CampaignBucket, count: int) -> list[str]:
    """Return the campaigns whose records were written last, the latest at the end."""
    latest: dict[str, datetime] = {}
    for item in bucket.store.list(object_keys.RAW):
        campaign = object_keys.campaign_of(item.key)
        if campaign is not None:
            latest[campaign] = max(item.last_modified, latest.get(campaign, item.last_modified))
    ordered = sorted(latest, key=lambda campaign: (latest[campaign], campaign))
    return ordered[-count:]
