"""Sessions of boto3 that read the times of S3's answers fast: a listing is mostly times."""

from datetime import datetime
from typing import cast

import botocore.session
from boto3.session import Session
from botocore.utils import parse_timestamp


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
