"""The HTML report: self-contained, whole without JavaScript, and safe whatever the names are."""

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lm_assets.model.addresses import Addresses
from lm_assets.model.history import LevelChange
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.trend import Trend, TrendPoint
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_manifest,
    a_quarantined_line,
    a_record,
    a_report_material,
    a_verdict,
)

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&\u2028'
VOID = {"meta", "input", "br", "path", "circle"}


class Outline(HTMLParser):
    """Records tags, and refuses end tags that close nothing open."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def outline(html):
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def data_of(html):
    packed = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def row_of(data, metric):
    """Return the first row of a metric, its parts by name."""
    names = "combination metric rank unit shade numbers texts baseline current note source trend"
    row = next(r for r in data["rows"] if data["metrics"][r[1]]["name"] == metric)
    return dict(zip(names.split(), row, strict=True))


def hostile_material():
    return a_report_material(
        manifest=a_manifest(campaign=HOSTILE, notes=HOSTILE, environment={HOSTILE: HOSTILE}),
        verdict=a_verdict(
            [a_cell(combination=HOSTILE, flags=(HOSTILE,)), a_cell(metric=HOSTILE)],
            campaign=HOSTILE,
            notes=(HOSTILE,),
            findings=(a_finding(where={HOSTILE: HOSTILE}, message=HOSTILE),),
        ),
        dimensions={HOSTILE: {HOSTILE: HOSTILE}},
        missing={(HOSTILE, HOSTILE): 1},
        quarantined=[a_quarantined_line(rule=HOSTILE, key=HOSTILE, detail=HOSTILE)],
    )


@pytest.mark.parametrize(
    "material", [a_report_material(), hostile_material()], ids=["plain", "hostile"]
)
def test_every_element_is_closed_where_it_should_be(material):
    outline(technical_html(material))


def test_nothing_is_fetched_and_the_policy_forbids_it():
    html = technical_html(a_report_material())
    parser = outline(html)
    assert not {"link", "img", "iframe", "base", "object"} & set(parser.tags)
    assert not [
        name for name, _ in parser.attributes if name in ("src", "href", "style", "onclick")
    ]
    policy = next(
        value for _, value in parser.attributes if (value or "").startswith("default-src")
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for element in ("style", "script"):
        text = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)[-1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy


def test_runs_and_campaign_link_to_where_people_look_further():
    addresses = Addresses(dagster="https://d", history_server="https://h")
    record = a_record(run_id="run-1", extra={"spark_app_id": "app-<1>"})
    material = replace(
        a_report_material(records=[record]),
        addresses=addresses,
        current_samples={(record.combination, "duration_s"): (("run-1", 1.0), ("run-2", 2.0))},
    )
    html = technical_html(material)
    assert f'href="{addresses.campaign(material.verdict.campaign)}"'.replace("&", "&amp;") in html
    pages = next(c for c in data_of(html)["combinations"] if c["id"] == record.combination)["pages"]
    assert pages == ["https://h/history/app-%3C1%3E/", ""]


def test_hostile_names_stay_text():
    parser = outline(technical_html(hostile_material()))
    assert parser.tags.count("script") == 2
    assert "img" not in parser.tags
    assert not [name for name, _ in parser.attributes if name.startswith("on")]


def test_hostile_names_reach_the_browser_unchanged():
    data = data_of(technical_html(hostile_material()))
    assert HOSTILE in [combination["id"] for combination in data["combinations"]]


def test_the_verdict_comes_first_with_a_sign_and_words():
    html = technical_html(a_report_material())
    verdict = html.index('<span aria-hidden="true">▲</span> regressed')
    assert verdict < html.index("<main>")
    assert "<title>regressed: nightly-2026-11-22-1a2b3c4</title>" in html


def test_without_javascript_every_cell_that_is_not_unchanged_is_a_row():
    verdicts = list(Verdict)
    cells = [a_cell(combination=f"cell-{v.value}", verdict=v) for v in verdicts]
    html = technical_html(a_report_material(verdict=a_verdict(cells), current_samples={}))
    body = html[html.index('<table id="cells">') :].split("</table>")[0]
    shown = set(re.findall(r"<code>cell-(\w+)</code>", body))
    assert shown == {v.value for v in verdicts} - {"unchanged"}
    assert f"{len(verdicts) - 1} of {len(verdicts)} rows" in html


def test_the_browser_gets_every_row_with_its_samples():
    material = a_report_material(combination_count=2)
    data = data_of(technical_html(material))
    assert len(data["rows"]) == 2 * 16
    row = row_of(data, "duration_s")
    home = data["combinations"][row["combination"]]
    baseline = material.baseline_samples(home["id"], "duration_s")
    assert row["baseline"] == [pytest.approx(value, rel=1e-3) for value in baseline]
    assert len(row["current"]) == len(home["runs"]) == 5


def test_a_metric_that_is_never_judged_is_shown_as_such():
    data = data_of(technical_html(a_report_material(combination_count=1)))
    row = row_of(data, "cpu_usage_pct")
    assert data["verdicts"][row["rank"]]["words"] == "not judged"
    assert len(row["numbers"]) == 2


def test_missing_values_are_null_to_sort_and_not_available_to_read():
    cell = a_cell(
        change=None, change_ci95=None, p=None, q=None, baseline_mean=None, degradation=None
    )
    material = a_report_material(
        verdict=a_verdict([cell]),
        current_samples={},
        baseline=a_report_material(combination_count=0).baseline,
    )
    row = row_of(data_of(technical_html(material)), "duration_s")
    before, _, *others = row["numbers"]
    assert before is None
    assert others == [None] * 6
    before, _, _, *others = row["texts"]
    assert before == "n/a"
    assert others[:-1] == ["n/a"] * 6


def test_rows_come_worst_first():
    data = data_of(technical_html(a_report_material(combination_count=5)))
    ranks = [row[2] for row in data["rows"]]
    assert ranks == sorted(ranks)


def test_an_environment_change_and_the_gaps_have_their_places():
    html = technical_html(a_report_material(manifest=a_manifest(environment={"jdk": "21"})))
    assert "The environment differs from the baseline’s" in html
    assert "no GPU in this campaign" in html
    assert "unknown_combination" in html


def test_the_file_stays_usable_for_a_large_matrix():
    html = technical_html(a_report_material(combination_count=320))
    assert len(html) < 1_500_000 * 320 / 1_280 * 1.3


def test_the_matrix_comes_first_with_a_sign_for_every_combination():
    material = a_report_material(combination_count=20)
    html = technical_html(material)
    table = html[html.index('<table class="map') :].split("</table>")[0]
    assert html.index("<main>") < html.index('<table class="map') < html.index("What got worse")
    assert sorted(map(int, re.findall(r'data-c="(\d+)"', table))) == list(range(20))
    assert table.count('aria-label="regressed ') == 4


def test_campaigns_keep_their_order_where_a_cell_left_some_out():
    names = list(a_report_material(combination_count=3).combinations)
    courses = (["a", "c", "e"], ["a", "b", "c", "d", "e"], ["d", "e"])
    trends = {
        (name, "duration_s"): Trend(
            label="x", unit="s", points=[TrendPoint(campaign=c, value=1.0) for c in course]
        )
        for name, course in zip(names, courses, strict=True)
    }
    data = data_of(technical_html(a_report_material(combination_count=3, trends=trends)))
    assert data["campaigns"] == ["a", "b", "c", "d", "e"]


def test_a_trend_reaches_the_browser_with_its_marks():
    points = [
        TrendPoint(campaign="a", value=10.0, version="3.5"),
        TrendPoint(campaign="b", value=None, version="3.5"),
        TrendPoint(
            campaign="c", value=14.0, verdict=Verdict.REGRESSED, version="4.0", is_acknowledged=True
        ),
    ]
    shift = LevelChange(campaign="c", index=2, before=10.0, after=14.0, degradation=0.4)
    name = next(iter(a_report_material(combination_count=1).combinations))
    trend = Trend(label="Duration", unit="s", points=points, shifts=[shift])
    material = a_report_material(combination_count=1, trends={(name, "duration_s"): trend})
    data = data_of(technical_html(material))
    assert data["campaigns"] == ["a", "b", "c"]
    regressed = [v["key"] for v in data["verdicts"]].index("regressed")
    told = [[10.0, None, 14.0], [[2, regressed]], [[2, 10.0, 14.0]], [2], [[2, "4.0"]]]
    assert row_of(data, "duration_s")["trend"] == told


def test_the_same_material_gives_the_same_file():
    assert technical_html(a_report_material()) == technical_html(a_report_material())
