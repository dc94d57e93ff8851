"""A page of the index: readable without a script, and true to its cards."""

import re
from datetime import timedelta

from lm_assets.gateways.bucket.campaign_index import MOST_ON_MONTH_PAGE
from lm_assets.model.campaign_card import CardFinding, CardLevel, CardTrend
from lm_assets.model.verdict import Verdict
from lm_assets.reports.index.page import index_page
from lm_assets.reports.index.trend import trend_lines
from lm_assets_tests.builders import STARTED, a_card


def page(*cards, **changes) -> str:
    defaults = {
        "title": "Load-test campaigns",
        "to_reports": "",
        "links": (("2026-11 (2)", "_index/pages/2026-11.html"),),
        "campaigns": len(cards),
    }
    return index_page(cards, **{**defaults, **changes}).decode()


def card_with_level(number: int, mean: float, of: str = "same", **changes):
    trend = CardTrend(
        metric="Duration",
        unit="s",
        dimension="operation",
        levels={"read": CardLevel(mean=mean, combinations=2, of=of)},
    )
    started = STARTED + timedelta(days=number)
    return a_card(f"c{number}", started_at=started, trend=trend, **changes)


def test_the_same_cards_give_the_same_bytes():
    assert page(a_card()) == page(a_card())


def test_the_newest_campaign_stands_first():
    text = page(a_card("older"), a_card("newer"))
    assert text.index("newer</code>") < text.index("older</code>")


def test_a_campaign_links_to_the_layers_that_there_are():
    text = page(a_card("c+1", reports=("executive.md", "raw.jsonl")), to_reports="../../")
    assert re.findall(r'href="([^"]*c%2B1[^"]*)"', text) == [
        "../../c%2B1/executive.md",
        "../../c%2B1/raw.jsonl",
    ]


def test_counts_lead_to_the_cells_of_their_verdict():
    assert 'href="c/technical.html#verdict=regressed"' in page(a_card("c"))


def test_words_from_outside_stay_words():
    hostile = "<script>alert(1)</script>"
    finding = CardFinding(severity=Verdict.REGRESSED, sentence=hostile)
    text = page(a_card(findings=(finding,), version_labels={hostile: hostile}, headline=hostile))
    assert hostile not in text
    assert "&lt;script&gt;" in text


def test_an_index_without_campaigns_says_so():
    assert "No campaign has been judged yet." in page()


def test_a_part_says_of_how_many():
    assert "1 of 30 campaigns, the newest first" in page(a_card(), campaigns=30)


def test_a_full_page_of_campaigns_with_much_to_say_stay_below_a_megabyte():
    finding = CardFinding(severity=Verdict.REGRESSED, sentence="ä" * 240)
    labels = {f"label-{n}": "1.2.3" for n in range(4)}
    counts = {verdict.value: 999 for verdict in Verdict}
    levels = {
        f"operation-{n}": CardLevel(mean=1.0 + n, combinations=9, of="same") for n in range(12)
    }
    trend = CardTrend(metric="Duration", unit="s", dimension="operation", levels=levels)
    cards = [
        a_card(
            "c" * 180 + str(n),
            stage=("ci", "nightly", "weekly")[n % 3],
            findings=(finding,) * 3,
            left_out=9,
            version_labels=labels,
            counts=counts,
            trend=trend,
            reports=("executive.md", "technical.html", "detailed.pdf", "raw.jsonl"),
        )
        for n in range(MOST_ON_MONTH_PAGE)
    ]
    assert len(page(*cards).encode()) < 1_000_000


def test_a_trend_runs_from_the_oldest_campaign_to_the_newest():
    (line,) = trend_lines([card_with_level(1, 10.0), card_with_level(2, 12.5)])
    assert (line.first, line.last, line.change, line.points) == (
        "10\N{NO-BREAK SPACE}s",
        "12.5\N{NO-BREAK SPACE}s",
        "+25\N{NO-BREAK SPACE}%",
        2,
    )


def test_a_trend_is_broken_where_other_combinations_ran():
    cards = [
        card_with_level(1, 90.0, of="others"),
        card_with_level(2, 10.0),
        card_with_level(3, 12.0),
    ]
    (line,) = trend_lines(cards)
    assert (line.first, line.points) == ("10\N{NO-BREAK SPACE}s", 2)
    assert re.search(r'<path d="([^"]*)"/>', line.svg)[1].count("M") == 2


def test_levels_of_other_combinations_do_not_press_a_line_flat():
    cards = [card_with_level(1, 900.0, of="others"), card_with_level(2, 1.0), card_with_level(3, 2)]
    (line,) = trend_lines(cards)
    heights = re.findall(r'cy="([\d.]+)"', line.svg)
    triangles = re.findall(r'class="worse" d="M[\d.]+ ([\d.]+)', line.svg)
    places = [float(y) for y in (*heights, *triangles)]
    assert max(places) - min(places) > 20


def test_a_campaign_has_its_place_among_all_of_its_stage():
    bare = a_card("without a level", trend=None)
    (line,) = trend_lines([bare, card_with_level(1, 10.0, verdict=Verdict.UNCHANGED), bare])
    assert 'cx="280.0"' in line.svg


def test_each_stage_has_lines_of_its_own():
    lines = trend_lines([card_with_level(1, 10.0, stage="ci"), card_with_level(2, 12.0)])
    assert [line.stage for line in lines] == ["ci", "nightly"]


def test_a_single_campaign_has_no_change():
    (line,) = trend_lines([card_with_level(1, 10.0)])
    assert line.change == "n/a"


def test_a_campaign_that_regressed_has_another_shape():
    regressed, unchanged = (
        trend_lines([card_with_level(1, 10.0, verdict=verdict)])[0].svg
        for verdict in (Verdict.REGRESSED, Verdict.UNCHANGED)
    )
    assert 'class="worse"' in regressed
    assert 'class="worse"' not in unchanged


def test_a_campaign_that_is_compared_with_itself_is_not_called_by_its_verdict():
    row = page(a_card("c", verdict=Verdict.UNCHANGED, is_own_baseline=True)).partition("<tbody>")[2]
    tag = row.partition('<span class="tag')[2].partition("</td>")[0]
    assert "compared with itself" in tag
    assert "unchanged</span>" not in tag
