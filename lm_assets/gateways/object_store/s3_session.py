"""What a client of S3 is made of: a session that reads times fast, and the server's address."""

from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore.utils import parse_timestamp

from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.gateways.server_url import origin_of


def s3_session(
    *,
    access_key_id: str | None,
    secret_access_key: str | None,
    session_token: str | None,
    region: str,
) -> Session:
    """Return a session; without keys it looks for credentials where boto3 does.

    Botocore guesses the format of each time anew, which takes more than half of the CPU of a long
    listing; this session reads them by the standard library.
    """
    own = botocore.session.get_session()
    answers = own.get_component("response_parser_factory")
    answers.set_parser_defaults(timestamp_parser=parsed_time)
    return Session(
        botocore_session=own,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region,
    )


def parsed_time(text: str) -> datetime:
    """Return a time as listings give it (ISO 8601 with a zone); any other as botocore reads it."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return moment
    return cast("datetime", parse_timestamp(text))


def shown_origin(address: str) -> str:
    """Return what may be shown of an address: its scheme, host and port."""
    scheme, host, port = origin_of(address)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def endpoint_of(given: str | None) -> str | None:
    """Return the address of the server; one that is none, or holds a secret, is not shown.

    Raises
    ------
    ObjectStoreError
        When it is no address, or has credentials in it.
    """
    if given is None:
        return None
    try:
        address = urlsplit(given)
        origin_of(given)  # a port that is none would only be found out far from here
        is_address = address.scheme in {"http", "https"} and bool(address.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise ObjectStoreError("LM_S3_ENDPOINT must be http://HOST:PORT or https://HOST")
    if address.username is not None or address.password is not None:
        raise ObjectStoreError(
            "LM_S3_ENDPOINT must hold no credentials: give them as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    if address.query or address.fragment:
        raise ObjectStoreError(f"LM_S3_ENDPOINT must end after its path, as {shown_origin(given)}")
    return given
