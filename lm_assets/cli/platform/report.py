"""``lm report``: a campaign's reports, or the index over all campaigns, fetched from the bucket."""

import os
from pathlib import Path

import click

from lm_assets.cli.options import config_option
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError, LmError
from lm_assets.orchestration.campaign_index import complete_index


@click.command()
@click.option("--campaign", help="Campaign id, such as nightly-2026-11-22-1a2b3c4.")
@click.option(
    "--index",
    "is_index",
    is_flag=True,
    help="The index over all kept campaigns instead, brought up to date first.",
)
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
@config_option
def report(
    campaign: str | None,
    is_index: bool,
    layers: tuple[str, ...],
    folder: Path,
    config_directory: Path,
) -> None:
    """Fetch a campaign's reports, or the index over all campaigns, and print their paths.

    Every campaign that is judged enters the index by itself; --index also enters those that an
    earlier version judged.

    \b
    Examples:
      lm report --campaign nightly-2026-11-22-1a2b3c4 --layer technical.html
      lm report --index --to reports
    """
    if is_index == (campaign is not None) or (is_index and layers):
        raise click.UsageError("name one campaign, with --layer if need be, or give --index")
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    if campaign is None:
        complete_index(bucket, load_configuration(config_directory))
        for path in fetch_index(bucket, folder):
            click.echo(path)
        return
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
        paths.append(_written(target / name, content))
    return paths


def fetch_index(bucket: CampaignBucket, folder: Path) -> list[Path]:
    """Write the pages of the index below a folder, its first page first, and return their paths."""
    keys = [item.key for item in bucket.store.list(object_keys.INDEX_PAGES)]
    return [
        _written(folder / key.removeprefix(object_keys.REPORTS), bucket.store.read(key))
        for key in (object_keys.INDEX_FRONT_PAGE, *keys)
    ]


def _written(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise LmError(
            f"{path} cannot be written ({error.strerror}): name another folder with --to"
        ) from error
    return path
