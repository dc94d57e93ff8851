"""An object is sent in one request, a large one in parts; a failed upload takes away its own.

The parts of a killed process, and of an upload whose very first answer was lost, stay behind: they
are in no listing and no object, and the bucket's lifecycle rule removes them.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lm_assets.gateways.object_store.s3_answers import entity_tag, required

PART_BYTES = 16 * 1024 * 1024


def upload(
    client: Any,
    bucket: str,
    key: str,
    data: bytes,
    *,
    described: Mapping[str, Any],
    condition: Mapping[str, str],
) -> str:
    """Send an object and return its entity tag; the server checks it against its MD5."""
    if len(data) > PART_BYTES:
        return _upload_in_parts(client, bucket, key, data, described=described, condition=condition)
    return entity_tag(
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=data,
            ContentMD5=_md5(data),
            **described,
            **condition,
        )
    )


def _upload_in_parts(
    client: Any,
    bucket: str,
    key: str,
    data: bytes,
    *,
    described: Mapping[str, Any],
    condition: Mapping[str, str],
) -> str:
    """Send an object in parts of `PART_BYTES` and return its entity tag.

    It appears whole, when the last part is there.
    The parts are cut by size alone, so the same content always gives the same entity tag.
    """
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **described)
    target = {"Bucket": bucket, "Key": key, "UploadId": required(upload, "UploadId")}
    try:
        parts = [
            _send_part(client, target, number, data[start : start + PART_BYTES])
            for number, start in enumerate(range(0, len(data), PART_BYTES), start=1)
        ]
        answer = client.complete_multipart_upload(
            **target, MultipartUpload={"Parts": parts}, **condition
        )
        return entity_tag(answer)
    except BaseException:
        # What failed is worth more to the caller than that the clean-up failed as well.
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**target)
        raise


def _send_part(
    client: Any, target: Mapping[str, str], number: int, part: bytes
) -> dict[str, object]:
    answer = client.upload_part(**target, PartNumber=number, Body=part, ContentMD5=_md5(part))
    return {"PartNumber": number, "ETag": entity_tag(answer)}


def _md5(data: bytes) -> str:
    # It protects against accidents on the way and against nothing else.
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
