"""The stored form of an application's profile: JSON, packed with zstd, byte for byte repeatable."""

import io
from typing import Any

import msgspec
import zstandard

from lm_assets.model.application_profile import PROFILE_FORMAT, ApplicationProfile
from lm_assets.model.errors import UnusableInputError

# A profile's rows are bounded where it is made; one that unpacks to more was not made here.
MAX_PROFILE_BYTES = 64 * 2**20
_LEVEL = 9
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_encoder = msgspec.json.Encoder(order="sorted")


class ProfileDocument(msgspec.Struct):
    """What is stored: the profile, and the figures that the record was made from.

    ``figures`` are read by who made them; a runner may ship this document instead of the log.
    """

    profile: ApplicationProfile
    figures: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(ProfileDocument)


def profile_to_bytes(profile: ApplicationProfile, figures: Any) -> bytes:
    """Return the packed document of a profile and its figures."""
    document = {"figures": figures, "profile": profile}
    return zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(document))


def profile_from_bytes(content: bytes, *, source: str) -> ProfileDocument:
    """Return the document that packed or plain bytes hold.

    Raises
    ------
    UnusableInputError
        Rule ``profile_unreadable`` naming the source, where it is none, is of a later format, or
        unpacks to more than a profile can be.
    """
    try:
        document = _decoder.decode(_unpacked(content, source))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableInputError("profile_unreadable", f"{source}: no profile: {error}") from error
    if document.profile.format > PROFILE_FORMAT:
        raise UnusableInputError(
            "profile_unreadable",
            f"{source}: format {document.profile.format}, this version reads {PROFILE_FORMAT}",
        )
    return document


def _unpacked(content: bytes, source: str) -> bytes:
    if not content.startswith(_ZSTD_MAGIC):
        return content
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content))
        plain = reader.read(MAX_PROFILE_BYTES + 1)
    except zstandard.ZstdError as error:
        raise UnusableInputError("profile_unreadable", f"{source}: {error}") from error
    if len(plain) > MAX_PROFILE_BYTES:
        raise UnusableInputError(
            "profile_unreadable", f"{source}: unpacks to more than {MAX_PROFILE_BYTES} bytes"
        )
    return plain
