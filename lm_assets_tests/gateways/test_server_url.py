"""What a server repeats of its own address is not passed on."""

import base64

import pytest

from lm_assets.gateways.server_url import Confidential

URL = "http://prom:pa55word@host:9090/prometheus/T0123456789/x?token=abc1234567&step=15"


@pytest.mark.parametrize(
    "repeated",
    [
        "T0123456789",
        "T01234",
        "abc1234567",
        "pa55word",
        "s3cret-of-the-signature",
        base64.b64encode(b"prom:pa55word").decode(),
    ],
    ids=["in the path", "cut", "in the query", "password", "another secret", "as HTTP sends it"],
)
def test_a_text_that_repeats_a_secret_is_not_shown(repeated):
    shown = Confidential(URL, "s3cret-of-the-signature").quotable(f"no entry: {repeated}")
    assert repeated not in shown
    assert "which is not shown" in shown


@pytest.mark.parametrize("said", ["no_service", "prometheus is starting", "unknown step 15", ""])
def test_any_other_text_is_shown_as_it_is(said):
    assert Confidential(URL, None).quotable(said) == said


def test_an_address_without_secrets_hides_nothing():
    assert Confidential("http://host:9090/prometheus/").quotable("host prometheus") == (
        "host prometheus"
    )
