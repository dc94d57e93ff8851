"""Large objects are sent in parts; a failed upload leaves no parts behind."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


def upload_in_parts(
    client: Any,
    bucket: str,
    key: str,
    data: bytes,
    *,
    part_bytes: int,
    described: Mapping[str, Any],
    condition: Mapping[str, str],
) -> str:
    """Send an object in parts of ``part_bytes`` and return its entity tag.

    It appears whole, when the last part is there.
    The parts are cut by size alone, so the same content always gives the same entity tag.
    """
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **described)
    target = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}
    try:
        parts = [
            _send_part(client, target, number, data[start : start + part_bytes])
            for number, start in enumerate(range(0, len(data), part_bytes), start=1)
        ]
        answer = client.complete_multipart_upload(
            **target, MultipartUpload={"Parts": parts}, **condition
        )
    except BaseException:
        # What failed is worth more to the caller than that the clean-up failed as well.
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**target)
        raise
    return str(answer["ETag"])


def _send_part(
    client: Any, target: Mapping[str, str], number: int, part: bytes
) -> dict[str, object]:
    md5 = hashlib.md5(part, usedforsecurity=False).digest()
    answer = client.upload_part(
        **target, PartNumber=number, Body=part, ContentMD5=base64.b64encode(md5).decode()
    )
    return {"PartNumber": number, "ETag": answer["ETag"]}
