"""A number that stands in two layers is the same number: page, document, summary and raw lines."""

import base64
import json
import re
import zlib

import pytest

from lm_assets.model.verdict import Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.raw_data import raw_lines
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import a_report_material

FIGURES = ("before", "after", "runs", "change", "interval", "test", "p", "q", "rule", "words")

MARKS = {"Welch's t": "Welch", "moderated t": "mod. t", "exact test of rates": "rates"}


@pytest.fixture(scope="module", params=[3, 11, 29])
def material(request):
    return a_report_material(combination_count=15, seed=request.param)


@pytest.fixture(scope="module")
def page(material):
    return technical_html(material)


@pytest.fixture(scope="module")
def rows(page):
    """Return the page's figures of every judged row, by combination and the metric's label."""
    packed = re.search(r'id="data">(.*?)<', page)[1]
    data = json.loads(zlib.decompress(base64.b64decode(packed)))
    found = {}
    for combination, metric, *_, texts, _, _, _, _, _ in data["rows"]:
        if len(texts) == len(FIGURES):
            key = (data["combinations"][combination]["id"], data["metrics"][metric]["label"])
            found[key] = dict(zip(FIGURES, texts, strict=True))
    return found


@pytest.fixture(scope="module")
def document(material):
    return detailed_content(material)


def test_the_document_has_the_figures_of_the_page(rows, document):
    told = set()
    for section in document["sections"]:
        for row in (row for group in section["groups"] for row in group["rows"]):
            key = section["combination"], row["metric"]
            mark = MARKS[rows[key]["test"]]
            assert {name: row[name] for name in FIGURES} == {**rows[key], "test": mark}
            told.add(key)
        for brief in section["unchanged"]:
            label, change = re.fullmatch(
                r"(.+?) ([+\u2212]?[\d.]+\s(?:%|pp|per run))", brief
            ).groups()
            key = section["combination"], label
            assert change == rows[key]["change"]
            told.add(key)
    without = document["no_events"].split(", ")
    for combination, label in rows.keys() - told:
        row = rows[combination, label]
        assert label in without
        assert [row[name].split("\N{NO-BREAK SPACE}")[0] for name in ("before", "after")] == [
            "0",
            "0",
        ]
    assert rows.keys() - told


def test_the_raw_lines_read_as_the_page_does(material, rows):
    cells = {(c.combination, c.metric): c for c in material.verdict.cells}
    for line in map(json.loads, raw_lines(material)):
        if line["type"] != "cell":
            continue
        row = rows[line["combination"], phrases.metric_label(material.metrics, line["metric"])]
        assert formatting.quantity(line["baseline_mean"], line["unit"]) == row["before"]
        assert formatting.quantity(line["current_mean"], line["unit"]) == row["after"]
        assert formatting.change(line["change"], line["change_unit"]) == row["change"]
        assert formatting.p_value(line["q"]) == row["q"]
        cell = cells[line["combination"], line["metric"]]
        assert decision.deciding_interval(cell) == row["interval"]


def test_the_summary_says_of_its_worst_cells_what_the_page_says(material, rows):
    summary = executive_markdown(material)
    told = re.findall(r"^\d\. \*\*(.+?) ([+\u2212]\S+\s%).*?\*\* in `(.+?)`", summary, re.M)
    assert len(told) == 3
    for label, change, combination in told:
        assert rows[combination, label]["change"] == change


def test_every_layer_counts_the_same_cells(material, page, document):
    counts = material.verdict.counts
    summary = executive_markdown(material)
    heads = next(line for line in summary.splitlines() if line.startswith("| cells |"))
    figures = summary.splitlines()[summary.splitlines().index(heads) + 2]
    in_summary = dict(zip(heads.split(" | ")[1:], figures.split(" | ")[1:], strict=True))
    in_summary = {name.strip(" |"): int(count.strip(" |")) for name, count in in_summary.items()}
    chips = re.findall(r'value="(\w+)"><span><span[^>]*>.</span> [\w ]+ <b>(\d+)</b>', page)
    on_page = {key: int(count) for key, count in chips if key != "not_judged"}
    assert on_page == counts
    assert in_summary == {formatting.VERDICT_WORDS[Verdict(key)]: n for key, n in counts.items()}
    headline = phrases.headline(material.verdict)
    assert headline in page
    assert headline in summary
    assert document["headline"] == headline
