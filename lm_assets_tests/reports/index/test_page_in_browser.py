"""The index in a real browser: what is chosen stands in the address, and the address chooses."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from lm_assets.model.verdict import Verdict
from lm_assets.reports.index.page import index_page
from lm_assets_tests.builders import a_card

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def test_filters_and_address_say_the_same(tmp_path):
    cards = [
        a_card("ci-1", stage="ci"),
        a_card("nightly-1"),
        a_card("nightly-2", verdict=Verdict.UNCHANGED),
    ]
    path = tmp_path / "index.html"
    links = [("2026-11 (3)", "_index/pages/2026-11.html")]
    path.write_bytes(
        index_page(cards, title="Campaigns", to_reports="", links=links, campaigns=len(cards))
    )
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page(viewport={"width": 800, "height": 900})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def shown() -> list[str]:
            visible = "#campaigns tbody tr:visible td:nth-child(2) code"
            return page.locator(visible).all_inner_texts()

        page.goto(f"{path.as_uri()}#verdict=regressed&stage=nightly")
        assert shown() == ["nightly-1"]
        assert page.locator("#status").inner_text() == "1 of 3 shown"

        page.select_option("[name=stage]", "")
        assert shown() == ["nightly-1", "ci-1"]
        assert page.url.endswith("#verdict=regressed")
        link = page.locator(".keeps-filter").get_attribute("href")
        assert link == "_index/pages/2026-11.html#verdict=regressed"

        page.click("[type=reset]")
        page.fill("[name=q]", "NIGHTLY-2")
        assert shown() == ["nightly-2"]
        assert page.url.endswith("#q=NIGHTLY-2")

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert complaints == []
