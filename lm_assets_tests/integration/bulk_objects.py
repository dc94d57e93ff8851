"""Thousands of small objects on a real S3 server in seconds: boto3 alone takes 2 ms for each."""

import http.client
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AT_ONCE = 500


def put_objects(environment: Mapping[str, str], objects: Iterable[tuple[str, bytes]]) -> None:
    """Write objects by plain signed requests, a connection for each few hundred."""
    remaining = iter(objects)
    parts = iter(lambda: list(islice(remaining, _AT_ONCE)), [])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: _put(environment, part), parts))


def _put(environment: Mapping[str, str], objects: Iterable[tuple[str, bytes]]) -> None:
    endpoint = urlsplit(environment["LM_S3_ENDPOINT"])
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    signer = S3SigV4Auth(keys, "s3", environment["AWS_REGION"])
    connection = http.client.HTTPConnection(str(endpoint.hostname), int(endpoint.port or 80))
    for key, data in objects:
        path = f"/{environment['LM_S3_BUCKET']}/{quote(key)}"
        request = AWSRequest("PUT", f"{environment['LM_S3_ENDPOINT']}{path}", data=data)
        signer.add_auth(request)
        connection.request("PUT", path, body=data, headers=dict(request.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (key, answer.status, content)
    connection.close()
