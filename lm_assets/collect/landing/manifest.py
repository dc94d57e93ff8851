"""A campaign's manifest, as the load runner wrote it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lm_assets.collect.foreign_json import read_foreign_json
from lm_assets.model.campaign import Manifest, Stage, Subject
from lm_assets.model.errors import UnusableInputError

MAX_MANIFEST_BYTES = 4 * 1024 * 1024


def parse_manifest(content: bytes, *, campaign: str) -> Manifest:
    """Return the manifest of a campaign; fields the platform does not know are ignored.

    Raises
    ------
    UnusableInputError
        ``manifest``: not JSON, a wrong type, or another campaign's manifest.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise too_large_manifest(f"{len(content)} bytes")
    try:
        fields = read_foreign_json(content)
    except UnusableInputError as error:
        raise UnusableInputError("manifest", str(error)) from error
    if not isinstance(fields, dict):
        raise UnusableInputError("manifest", f"a {type(fields).__name__} stands in the file")
    environment = fields.get("environment")
    if isinstance(environment, dict):
        fields["environment"] = _texts(environment)
    elif environment is None:
        fields.pop("environment", None)
    try:
        manifest = msgspec.convert({"campaign": campaign, **fields}, Manifest)
    except msgspec.ValidationError as error:
        raise UnusableInputError("manifest", str(error)) from error
    if manifest.campaign != campaign:
        raise UnusableInputError(
            "manifest", f"it lies under {campaign!r} and speaks of {manifest.campaign[:80]!a}"
        )
    return manifest


def too_large_manifest(detail: str) -> UnusableInputError:
    """Return the refusal of a manifest that is larger than one can be."""
    return UnusableInputError("manifest", f"{detail}; at most {MAX_MANIFEST_BYTES} bytes are read")


def assumed_manifest(campaign: str) -> Manifest:
    """Return what can be said of a campaign without a manifest: its stage, from its name.

    A name that begins with no stage is judged as strictly as a nightly campaign.
    """
    prefix = campaign.partition("-")[0]
    stage = Stage(prefix) if prefix in set(Stage) else Stage.NIGHTLY
    return Manifest(
        campaign=campaign, stage=stage, subject=Subject(), notes="no manifest was delivered"
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        if isinstance(value, str)
        else msgspec.json.encode(value, order="sorted").decode()
        for name, value in values.items()
    }
