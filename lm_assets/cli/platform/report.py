"""``lm report``: a campaign's reports, fetched from the bucket."""

import os
from pathlib import Path

import click

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError, LmError


@click.command()
@click.option("--campaign", required=True, help="Campaign id, such as nightly-2026-11-22-1a2b3c4.")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Choice(object_keys.REPORT_NAMES),
    help="Only this layer; may be repeated. All four unless given.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Folder to write to; a folder of the campaign's name is made in it.",
)
def report(campaign: str, layers: tuple[str, ...], folder: Path) -> None:
    """Fetch a campaign's reports and print their paths.

    \b
    Example:
      lm report --campaign nightly-2026-11-22-1a2b3c4 --layer technical.html
    """
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    for path in fetch_reports(bucket, campaign, folder, layers or object_keys.REPORT_NAMES):
        click.echo(path)


def fetch_reports(
    bucket: CampaignBucket, campaign: str, folder: Path, names: tuple[str, ...]
) -> list[Path]:
    """Write a campaign's reports to ``folder/<campaign>/`` and return their paths."""
    target = folder / object_keys.validated_id("campaign", campaign)
    paths = []
    for name in names:
        try:
            content = bucket.report(campaign, name)
        except ObjectNotFoundError as error:
            raise DataFaultError(
                f"campaign {campaign!r} has no {name}: has its run succeeded?"
            ) from error
        path = target / name
        try:
            target.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise LmError(
                f"{path} cannot be written ({error.strerror}): name another folder with --to"
            ) from error
        paths.append(path)
    return paths
