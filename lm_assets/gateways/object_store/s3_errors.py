"""What the errors of boto3 mean: which pass by themselves, and what to tell a person."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - its own, not the built-in one
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from lm_assets.gateways.object_store.protocol import (
    BucketMissingError,
    ObjectChangedError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectStoreRefusedError,
    ObjectStoreUnavailableError,
)
from lm_assets.gateways.object_store.s3_answers import HalfAnswerError

_NOT_FOUND_CODES = {"404", "NoSuchKey", "NotFound", "NoSuchLifecycleConfiguration"}
_PRECONDITION_CODES = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
_TRANSIENT_CODES = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "429"}
_CREDENTIAL_CODES = {
    "403",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
}
_TOO_MANY_REQUESTS = 429
_FIRST_SERVER_ERROR = 500
# Every way in which a request can fail.
UNANSWERED = (ClientError, BotoCoreError, ResponseParserError, HalfAnswerError)
_BROKEN_OFF = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
    HalfAnswerError,
)
# Comes with 501, and stays: the server has no such feature.
_NOT_IMPLEMENTED = "NotImplemented"


def error_code(error: ClientError) -> str:
    """Return the code S3 gave: a name, or the HTTP status where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may well succeed a little later.

    An answer that breaks off or cannot be parsed counts: it is half of a good one.
    """
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error_code(error) == _NOT_IMPLEMENTED:
            return False
        failed = status >= _FIRST_SERVER_ERROR or status == _TOO_MANY_REQUESTS
        return failed or error_code(error) in _TRANSIENT_CODES
    return isinstance(error, _BROKEN_OFF)


def translated(error: Exception, *, what: str, attempts: int) -> ObjectStoreError:
    """Return the store's own error for one of boto3's.

    Parameters
    ----------
    what : str
        What was being done, to which object, where.
    attempts : int
        How often it was tried.
    """
    if not isinstance(error, ClientError):
        return _without_answer(error, what, attempts)
    if is_transient(error):
        return ObjectStoreUnavailableError(
            f"{what}: the server fails ({error_code(error)}), after {attempts} attempts; "
            "see the log of the server at LM_S3_ENDPOINT"
        )
    return _answered(error_code(error), what)


def _answered(code: str, what: str) -> ObjectStoreError:
    if code in _PRECONDITION_CODES:
        return ObjectChangedError(f"{what}: another object is there than the one expected")
    if code in _NOT_FOUND_CODES:
        return ObjectNotFoundError(f"{what}: there is none")
    if code == "NoSuchBucket":
        return BucketMissingError(
            f"{what}: no such bucket; make it with `lm prepare`, or is LM_S3_BUCKET another?"
        )
    if code in _CREDENTIAL_CODES:
        return ObjectStoreRefusedError(
            f"{what}: access refused ({code}); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY "
            "and the bucket's policy"
        )
    return ObjectStoreRefusedError(f"{what}: refused ({code})")


def _without_answer(error: Exception, what: str, attempts: int) -> ObjectStoreError:
    name = type(error).__name__
    if is_transient(error):
        return ObjectStoreUnavailableError(
            f"{what}: {name}, after {attempts} attempts; is the server up, and is "
            "LM_S3_ENDPOINT right?"
        )
    if isinstance(error, BotoCoreError) and "Credentials" in name:
        return ObjectStoreRefusedError(
            f"{what}: {name}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return ObjectStoreRefusedError(f"{what}: {name}; check LM_S3_ENDPOINT and LM_S3_BUCKET")
