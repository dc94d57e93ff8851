"""A profile that a runner delivers instead of its event log: made there, read here."""

import msgspec

from lm_assets.collect.spark.event_log import ReadApplication
from lm_assets.collect.spark.figures import ApplicationFigures
from lm_assets.gateways.bucket.profile_json import profile_from_bytes, profile_to_bytes
from lm_assets.model.errors import UnusableInputError


def profile_document(application: ReadApplication) -> bytes:
    """Return the packed document of one application's figures and profile."""
    return profile_to_bytes(application.profile, application.figures)


def read_profile_document(content: bytes, *, source: str) -> ReadApplication:
    """Return what a delivered document holds.

    Raises
    ------
    UnusableInputError
        Rule ``profile_unreadable``, where it is no such document.
    """
    document = profile_from_bytes(content, source=source)
    try:
        figures = msgspec.json.decode(bytes(document.figures), type=ApplicationFigures)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnusableInputError(
            "profile_unreadable", f"{source}: the figures beside the profile: {error}"
        ) from error
    return ReadApplication(figures=figures, profile=document.profile)
