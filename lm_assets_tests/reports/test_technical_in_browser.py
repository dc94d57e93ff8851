"""The HTML report in a real browser: it sorts, filters, draws, and breaks none of its own rules."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import a_report_material

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

MATERIAL = a_report_material(combination_count=12)
COUNTS = MATERIAL.verdict.counts

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def file_address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "technical.html"
    path.write_text(technical_html(MATERIAL), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, file_address) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file_address)
    page.wait_for_selector("html[data-ready]")
    yield page
    page.close()
    assert complaints == []


def column(page: Page, place: int) -> list[str]:
    return page.locator(f"#cells tbody tr td:nth-child({place})").all_inner_texts()


def test_every_row_is_there_a_page_at_a_time(page):
    assert page.locator("#status").inner_text() == "192 of 192 rows"
    assert page.locator("#cells tbody tr").count() == 50
    page.click("#next")
    assert page.locator("#page").inner_text() == "Page 2 of 4"
    page.select_option("#page-size", "0")
    assert page.locator("#cells tbody tr").count() == 192


def test_a_heading_sorts_by_mouse_and_keyboard_and_says_so(page):
    heading = page.locator("th[data-sort=combination]")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    ascending = column(page, 2)
    # Numbers inside names are compared as numbers: 1gb stands before 10gb.
    assert ascending == sorted(ascending, key=lambda name: name.replace("1gb", "01gb"))
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, 2)[0].startswith("3.5.0_connect")
    assert page.locator("th[aria-sort]").count() == 1


def test_rows_without_a_value_stay_last_whichever_way_is_sorted(page):
    page.select_option("#page-size", "0")
    button = page.locator("th[data-sort=q] button")
    for _ in range(2):
        button.click()
        assert column(page, 10)[-12:] == ["n/a"] * 12


def test_filters_narrow_the_rows_together(page):
    page.check("[name=verdict][value=regressed]", force=True)
    regressed = int(page.locator("#status").inner_text().split()[0])
    assert regressed == page.locator("#cells .tag.v-regressed").count() == COUNTS["regressed"]
    page.select_option("#metric", "duration_s")
    assert page.locator("#cells tbody tr").count() == 3
    assert page.evaluate("location.hash") == "#verdict=regressed&metric=duration_s"
    page.fill("#search", "no such combination")
    assert page.locator("#status").inner_text() == "0 of 192 rows"
    page.click("button[type=reset]")
    expect(page.locator("#status")).to_have_text("192 of 192 rows")


def test_a_dimension_filters_by_its_values(page):
    page.select_option("[data-dimension=data_size]", "10gb")
    assert all(name.endswith("10gb") for name in column(page, 2))


def test_a_combination_opens_all_its_metrics(page):
    name = column(page, 2)[0]
    page.locator("#cells tbody td:nth-child(2) button").first.click()
    assert set(column(page, 2)) == {name}
    assert page.locator("#cells tbody tr").count() == 16


def test_each_row_draws_its_interval_and_its_samples(page):
    page.select_option("#metric", "duration_s")
    first = page.locator("#cells tbody tr").first
    assert first.locator("svg .bar").count() == 1
    assert first.locator("td:nth-child(7) svg .limit").count() == 2
    assert first.locator("svg .base.run").count() == first.locator("svg .current.run").count() == 5
    dot, zero = (first.locator(f"svg {mark}").bounding_box()["x"] for mark in (".dot", ".zero"))
    assert dot > zero + 20


def test_without_javascript_the_plain_table_is_whole(browser, file_address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file_address)
    assert page.locator("#map button").count() == 12
    assert page.locator("#cells tbody tr").count() == sum(COUNTS.values()) - COUNTS["unchanged"]
    assert not page.locator("#filters").is_visible()
    assert "Shown without JavaScript" in page.locator("#status").inner_text()
    context.close()


def test_an_address_that_was_sent_shows_the_same_rows(browser, file_address):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{file_address}#verdict=regressed&metric=duration_s&sort=-combination")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#status").inner_text() == "3 of 192 rows"
    assert set(column(page, 3)) == {"Duration"}
    assert page.locator("#map-metric").input_value() == "duration_s"
    heading = page.locator("th[data-sort=combination]")
    assert heading.get_attribute("aria-sort") == "descending"
    page.close()


def test_a_row_opens_its_runs_source_and_decision(page):
    page.locator("#cells .opener").first.press("Enter")
    detail = page.locator("#cells tr.detail")
    assert detail.locator(".samples tbody tr").count() == 5
    assert "run-1" in detail.inner_text()
    assert "decided by" in detail.inner_text()
    assert "initial baseline" in detail.inner_text()
    assert "cell=" in page.evaluate("location.hash")
    page.locator("#cells .opener").first.press("Enter")
    assert detail.count() == 0


def test_the_matrix_is_walked_by_arrow_keys_and_opens_a_combination(page):
    page.locator("#map button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    place = page.evaluate("document.activeElement.dataset.c")
    page.keyboard.press("Enter")
    assert set(column(page, 2)) == {sorted(MATERIAL.combinations)[int(place)]}
    page.select_option("#map-metric", "latency_p99_ms")
    assert page.locator("#map td.v-inconclusive").count() > 0


@pytest.mark.parametrize("width", [1400, 1000, 800, 420])
def test_nothing_is_cut_at_any_width_and_the_plots_are_in_sight(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(50)
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert beyond <= 0
    box = page.locator("#cells tr.cell svg").first.bounding_box()
    assert 0 <= box["x"] < width - box["width"]
