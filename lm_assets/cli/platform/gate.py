"""``lm gate``: a judged campaign's verdict as an exit code."""

import os

import click
import msgspec
from rich.console import Console

from lm_assets.cli.options import json_option
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError
from lm_assets.regression.verdict.phrases import confirmation_phrase


@click.command()
@click.option("--campaign", required=True, help="Campaign id, such as nightly-2026-11-22-1a2b3c4.")
@json_option
def gate(campaign: str, as_json: bool) -> int:
    """End with the exit code of a campaign's verdict, for a CI step that must block.

    Reads the verdict that the platform stored (LM_S3_ENDPOINT, LM_S3_BUCKET, AWS_*).

    \b
    Exit codes: 0 ok, 2 regression, 3 inconclusive or suspected, 4 data fault or not judged yet.

    \b
    Example:
      lm gate --campaign ci-2026-11-22-1a2b3c4 || exit $?
    """
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    try:
        verdict = campaign_verdict(bucket.verdict_rows(campaign))
    except ObjectNotFoundError as error:
        raise DataFaultError(
            f"campaign {campaign!r} has no verdict: has it landed, and did its run succeed?"
        ) from error
    if as_json:
        click.echo(msgspec.json.encode(verdict, order="sorted").decode())
    else:
        print_verdict(Console(), verdict)
        if confirmation := confirmation_phrase(verdict):
            click.echo(f"  {confirmation}")
    return verdict.exit_code
