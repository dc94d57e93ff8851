"""Resources: each turns the environment into one plain gateway object.

Assets are typed against the gateway, never against the resource. The environment is read when a
run or a tick starts, not when this module is imported, and no secret becomes resource
configuration, which the UI would show.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.run_sources import RunSources, Servers
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import Clock, SystemClock
from lm_assets.gateways.configuration import (
    Configuration,
    load_configuration,
    read_yaml,
    read_yaml_as,
)
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.http.json_http import HttpLimits
from lm_assets.gateways.http.notifier import Notifier, notifiers_from_environment
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.addresses import Addresses
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.executors import ShardLimit, is_distributed
from lm_assets.orchestration.report_material import ReportMaterials

CONFIG_DIRECTORY_VARIABLE = "LM_CONFIG_DIR"


def configuration_directory(environment: Mapping[str, str]) -> Path:
    """Return the folder of the configuration files, ``config`` unless the environment says."""
    return Path(environment.get(CONFIG_DIRECTORY_VARIABLE) or "config")


@dg.resource(description="The validated configuration folder.")
def settings_resource(_context: dg.InitResourceContext) -> Configuration:
    """Configuration of the platform, read anew for each run."""
    return load_configuration(configuration_directory(os.environ))


@dg.resource(description="For how long what is kept.")
def retention_resource(_context: dg.InitResourceContext) -> RetentionPolicy:
    """Days of retention, read alone: the whole configuration is too much for every tick."""
    directory = configuration_directory(os.environ)
    return read_yaml_as(directory / "retention.yaml", RetentionPolicy)


@dg.resource(description="How much of a campaign's event logs one process reads.")
def shard_limit_resource(_context: dg.InitResourceContext) -> ShardLimit:
    """Bytes of a shard; none where one process has to read whatever there is."""
    if not is_distributed(os.environ):
        return ShardLimit()
    path = configuration_directory(os.environ) / "collection.yaml"
    config = parse_collection_config(read_yaml(path) if path.exists() else {})
    return ShardLimit(shard_bytes=config.shard_bytes)


@dg.resource(description="Campaigns' objects in MinIO or any S3.")
def bucket_resource(_context: dg.InitResourceContext) -> CampaignBucket:
    """Bucket of the campaigns' objects."""
    return CampaignBucket(S3ObjectStore.from_environment(os.environ))


@dg.resource(description="Postgres: the queryable copy of every campaign.")
def warehouse_resource(_context: dg.InitResourceContext) -> Iterator[Warehouse]:
    """Warehouse, closed when the run ends."""
    with Warehouse.from_environment(os.environ) as warehouse:
        yield warehouse


@dg.resource(
    required_resource_keys={"settings", "bucket"},
    description="What is asked of each load run: delivered objects, History Server, Prometheus.",
)
def sources_resource(context: dg.InitResourceContext) -> Iterator[RunSources]:
    """Sources of metrics; the servers are those that the environment names."""
    config = parse_collection_config(context.resources.settings.collection)
    limits = HttpLimits(max_concurrent=config.concurrency)
    history_server = HistoryServer.from_environment(os.environ, limits=limits)
    prometheus = Prometheus.from_environment(os.environ, limits=limits)
    servers = Servers(
        history_server=history_server, prometheus=prometheus, prometheus_config=config.prometheus
    )
    try:
        yield RunSources(
            store=context.resources.bucket.store,
            servers=servers,
            concurrency=config.concurrency,
            history_server_wait_s=config.history_server.wait_s,
        )
    finally:
        for server in (history_server, prometheus):
            if server is not None:
                server.close()


@dg.resource(
    required_resource_keys={"settings", "bucket", "warehouse", "addresses"},
    description="What the four report layers of a campaign are made from, put together once.",
)
def report_materials_resource(context: dg.InitResourceContext) -> ReportMaterials:
    """Material of a run's reports."""
    resources = context.resources
    return ReportMaterials(
        resources.bucket, resources.settings, resources.warehouse, resources.addresses
    )


@dg.resource(description="Channels to tell people: Slack and a generic webhook, where configured.")
def notifiers_resource(_context: dg.InitResourceContext) -> tuple[Notifier, ...]:
    """Configured notifiers; none when no URL is set."""
    return tuple(notifiers_from_environment(os.environ))


@dg.resource(description="Where people reach reports and the web page: LM_REPORTS_URL and so on.")
def addresses_resource(_context: dg.InitResourceContext) -> Addresses:
    """Addresses for messages."""
    return Addresses.from_environment(os.environ)


@dg.resource(description="Time in UTC.")
def clock_resource(_context: dg.InitResourceContext) -> Clock:
    """Clock of this machine."""
    return SystemClock()


ALL: Mapping[str, dg.ResourceDefinition] = {
    "settings": settings_resource,
    "retention": retention_resource,
    "bucket": bucket_resource,
    "shard_limit": shard_limit_resource,
    "warehouse": warehouse_resource,
    "sources": sources_resource,
    "report_materials": report_materials_resource,
    "notifiers": notifiers_resource,
    "addresses": addresses_resource,
    "clock": clock_resource,
}
