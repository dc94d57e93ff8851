"""``lm submit``: a folder of results checked, delivered whole, and waited for if asked."""

import hashlib
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.platform.delivered_folder import Content, ManifestOptions, delivered_folder
from lm_assets.cli.platform.gate import Duration, tell_standing
from lm_assets.cli.platform.validate import manifest_options, print_validation, validated
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.protocol import ObjectInfo
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError, LmError

_AT_ONCE = 16
_MOST_NAMED = 3


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--campaign", required=True, help="Campaign id, unique for ever.")
@manifest_options
@click.option("--replace", is_flag=True, help="Deliver a judged campaign anew, and judge it anew.")
@click.option("--force", is_flag=True, help="Deliver what validation finds fault with as well.")
@click.option(
    "--wait",
    "wait_s",
    type=Duration(),
    is_flag=False,
    flag_value="30m",
    metavar="[DURATION]",
    help="Go on as `lm gate --wait`, for 30 minutes unless a time is given.",
)
@config_option
@json_option
def submit(
    folder: Path,
    campaign: str,
    replace: bool,
    force: bool,
    wait_s: float | None,
    config_directory: Path,
    as_json: bool,
    **said: Any,
) -> int:
    """Check a folder of results and deliver it: every object first, _SUCCESS last.

    May be repeated: an object that is there already is not sent again, so an interrupted submit is
    continued. Options win over the folder's manifest.json. Writes to LM_S3_ENDPOINT, LM_S3_BUCKET.

    \b
    Exit codes: 0 delivered, 4 refused by validation; with --wait those of `lm gate`.

    \b
    Example:
      lm submit results/ --campaign ci-2026-11-22-1a2b3c4 --stage ci --runs 5 --wait 15m
    """
    settings = load_configuration(config_directory)
    delivered = delivered_folder(
        folder, campaign, matrix=settings.matrix, options=ManifestOptions(**said)
    )
    found, objects = validated(delivered, campaign, settings), delivered.objects
    if found.exit_code is not ExitCode.OK and not as_json:
        print_validation(found)
    if found.exit_code is ExitCode.DATA_FAULT and not force:
        refused = len(found.collected.quarantined)
        raise DataFaultError(
            f"nothing was delivered: {refused} lines or objects of {folder} would be refused"
            + ("" if refused else ", and the campaign would not be fit to be judged")
            + "; mend them, or deliver them as they are with --force"
        )
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    sent = deliver(bucket, campaign, objects, replace=replace)
    there = len(objects) - sent
    click.echo(f"{campaign}: {sent} objects sent, {there} were there", err=True)
    if wait_s is None:
        return ExitCode.OK
    return tell_standing(bucket, campaign, wait_s=wait_s, as_json=as_json)


def deliver(
    bucket: CampaignBucket, campaign: str, objects: Mapping[str, Content], *, replace: bool
) -> int:
    """Write what is not there yet, then ``_SUCCESS``; return how many objects were sent.

    Of a campaign that is replaced ``_SUCCESS`` is always written anew, which has it judged anew.

    Raises
    ------
    LmError
        When the campaign is judged, or holds other objects, and is not to be replaced.
    """
    there = {item.key: item for item in bucket.landed(campaign)}
    success = object_keys.success_key(campaign)
    wanted = {k: content for k, content in objects.items() if not _is_there(there, k, content)}
    gone = sorted(there.keys() - objects.keys() - {success})
    if not replace:
        if not wanted and not gone and success in there:
            return 0
        _refuse_replacing(bucket, campaign, wanted, gone)
    # The runner is not done while objects change: nobody must judge a part of both deliveries.
    bucket.store.delete(success)
    console = Console(stderr=True)
    with (
        ThreadPoolExecutor(_AT_ONCE) as pool,
        Progress(console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        writes = pool.map(lambda item: bucket.store.write(item[0], _bytes(item[1])), wanted.items())
        for _ in progress.track(writes, total=len(wanted), description=f"sending {campaign}"):
            pass
        list(pool.map(bucket.store.delete, gone))
    bucket.store.write(success, b"")
    return len(wanted)


def _refuse_replacing(
    bucket: CampaignBucket, campaign: str, wanted: Collection[str], gone: Collection[str]
) -> None:
    if bucket.store.exists(object_keys.verdicts_key(campaign)):
        differs = _some_of([*wanted, *gone]) or "its _SUCCESS is gone"
        raise LmError(
            f"campaign {campaign!r} is judged, and this is another delivery of it (other than what "
            f"landed: {differs}): take another id, or deliver it anew with --replace"
        )
    if gone:
        raise LmError(
            f"campaign {campaign!r} holds objects that the folder does not: {_some_of(gone)}; take "
            "another id, or remove them with --replace"
        )


def _some_of(keys: Collection[str]) -> str:
    more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
    return ", ".join(sorted(keys)[:_MOST_NAMED]) + more


def _is_there(there: Mapping[str, ObjectInfo], key: str, content: Content) -> bool:
    """Tell whether an object has just this content.

    The tag of an object that was sent in one piece is the MD5 of its content on every S3 server
    known; one that is another is sent again, which changes nothing.
    """
    item = there.get(key)
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if item is None or item.size != size:
        return False
    return item.etag == hashlib.md5(_bytes(content), usedforsecurity=False).hexdigest()


def _bytes(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
