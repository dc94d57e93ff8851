"""Addresses that people follow are known only where somebody has said them, and show no secret."""

import pytest

from lm_assets.model.addresses import Addresses


def of(**environment):
    return Addresses.from_environment(environment)


def test_nothing_is_known_where_nothing_is_said():
    nobody = of()
    assert nobody.report("c", "technical.html") == nobody.campaign("c") == ""
    assert nobody.application("app-1") == nobody.run("r") == nobody.index() == ""


def test_addresses_that_are_there_to_be_shown_are_shown_as_they_were_said():
    said = of(LM_REPORTS_URL="file:///srv/reports/", LM_DAGSTER_URL="https://d?x=1")
    assert said.report("c", "technical.html") == "file:///srv/reports/c/technical.html"
    assert said.dagster == "https://d?x=1"


def test_names_from_outside_stay_names():
    said = of(LM_DAGSTER_URL="https://d/", LM_HISTORY_SERVER_URL="http://h:18080")
    assert (
        said.campaign("a&b")
        == "https://d/assets/regression_verdicts?view=partitions&partition=a%26b"
    )
    assert said.application("../x?y") == "http://h:18080/history/..%2Fx%3Fy/"
    assert said.application("") == ""


@pytest.mark.parametrize(
    "address",
    ["http://u:S3CRET@h", "http://h/?token=S3CRET", "javascript:alert(1)", "h:18080", "http://[x"],
)
def test_what_is_no_open_web_page_is_no_address(address):
    assert of(LM_HISTORY_SERVER_URL=address).application("app-1") == ""
