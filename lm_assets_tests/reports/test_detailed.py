"""The PDF: every combination, right page numbers, the same bytes wherever it is rendered."""

import hashlib
import io
import subprocess
import sys
from collections import Counter

import pytest
from pypdf import PdfReader

from lm_assets.model.verdict import Verdict
from lm_assets.reports.detailed import detailed_pdf
from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.formatting import VERDICT_SIGNS, VERDICT_WORDS
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_manifest,
    a_quarantined_line,
    a_report_material,
    a_verdict,
)

HOSTILE = '</pre><img src="http://evil.invalid/x.png"><script>a</script>&`|'

ANOTHER_PROCESS = """
import hashlib, sys
sys.path.insert(0, ".")
from lm_assets.reports.detailed import detailed_pdf
from lm_assets_tests.builders import a_report_material
print(hashlib.sha256(detailed_pdf(a_report_material())).hexdigest())
"""


@pytest.fixture(scope="module")
def material():
    return a_report_material(combination_count=7)


@pytest.fixture(scope="module")
def reader(material):
    return PdfReader(io.BytesIO(detailed_pdf(material)))


def plain(text):
    """Return text without its breaks and special spaces."""
    return " ".join(text.split())


def text_of(material):
    pages = PdfReader(io.BytesIO(detailed_pdf(material))).pages
    return plain("\n".join(page.extract_text() for page in pages))


def outline(reader):
    """Return the titles of the outline with their pages, by level."""
    tops = [item for item in reader.outline if not isinstance(item, list)]
    below = [item for nested in reader.outline if isinstance(nested, list) for item in nested]
    return (
        {item.title: reader.get_destination_page_number(item) for item in tops},
        {item.title: reader.get_destination_page_number(item) for item in below},
    )


def test_the_outline_leads_to_every_combination(material, reader):
    tops, below = outline(reader)
    assert list(tops)[:3] == ["The matrix", "What got worse", "What to do next"]
    assert list(below) == list(material.combinations)
    for name, page in below.items():
        assert name in reader.pages[page].extract_text()


def test_the_index_names_every_combination_with_its_page_and_leads_there(material, reader):
    tops, below = outline(reader)
    page = reader.pages[tops["Index of combinations"]]
    assert all(name in page.extract_text() for name in material.combinations)
    links = [note.get_object() for note in page["/Annots"]]
    assert len(links) >= len(below)
    text = plain(page.extract_text())
    assert [name for name, at in below.items() if f"{name} · {at + 1}" not in text] == []


def test_every_page_carries_its_number_and_their_count_and_the_campaign(material, reader):
    count = len(reader.pages)
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert f"{number} / {count}" in text
        assert material.verdict.campaign in text


def test_it_is_tagged_for_screen_readers_as_pdf_ua_says(reader):
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data()


def test_every_picture_has_its_words(material, reader):
    figures = [e for e in tags(reader.trailer["/Root"]["/StructTreeRoot"]) if e["/S"] == "/Figure"]
    changed = {c.combination for c in material.verdict.cells if c.verdict is not Verdict.UNCHANGED}
    assert len(figures) > len(changed)
    assert all(figure["/Alt"] for figure in figures)


def test_every_row_of_figures_is_a_row_of_a_tagged_table(material, reader):
    found = Counter(e["/S"] for e in tags(reader.trailer["/Root"]["/StructTreeRoot"]))
    told = sum(cell.verdict is not Verdict.UNCHANGED for cell in material.verdict.cells)
    assert found["/TR"] >= told + len(material.combinations)
    assert found["/TD"] > 3 * told
    assert found["/H3"] == len(material.combinations)


def tags(element):
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        found = kid.get_object()
        if isinstance(found, dict) and "/S" in found:
            yield found
            yield from tags(found)


def test_the_first_page_gives_the_verdict_the_matrix_and_what_was_under_test(reader):
    text = plain(reader.pages[0].extract_text())
    assert "▲ regressed" in text
    assert "2 of 7 combinations got worse" in text
    assert "1a2b3c4d5e6f" in text
    assert "The matrix" in text


def test_a_row_lists_numbers_and_what_is_missing_as_not_available():
    cell = a_cell(baseline_mean=None, change_ci95=None, q=None)
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict([cell])))
    row = "▲ regressed Duration n/a → 22.1 s +80 % n/a Welch p <0.0001, q n/a; rule yes (p <0.0001)"
    assert f"{row}; 5 : 5" in text


def test_inconclusive_rows_say_how_many_runs_would_decide():
    cells = [
        a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=9),
        a_cell(metric="gc_time_pct", verdict=Verdict.UNCHANGED, runs_needed=4),
    ]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert "9 runs per side would decide" in text
    assert "4 runs per side" not in text


def test_what_is_unchanged_is_told_in_a_line_with_its_change():
    cells = [a_cell(verdict=Verdict.UNCHANGED, change=0.01, change_ci95=(-0.02, 0.04))]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert "unchanged: Duration +1 %" in text
    assert "its means, intervals and tests are in the technical report" in text


def test_only_an_unchanged_cell_has_no_row_of_its_own():
    cells = [a_cell(metric=f"m_{verdict.value}", verdict=verdict) for verdict in Verdict]
    cells.append(
        a_cell(metric="m_within", verdict=Verdict.UNCHANGED, flags=("differs_within_margin",))
    )
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    for cell in cells:
        words = f"{VERDICT_SIGNS[cell.verdict]} {VERDICT_WORDS[cell.verdict]} {cell.metric} "
        assert (words in text) is (cell.metric != "m_unchanged"), cell.metric
    assert "m_within: differs within the margin" in text


def test_events_that_there_were_none_of_are_named_once():
    cells = [
        a_cell(
            combination=name,
            metric="oom_kills",
            verdict=Verdict.UNCHANGED,
            change=0.0,
            change_unit="events/run",
            baseline_mean=0.0,
            current_mean=0.0,
        )
        for name in ("one", "two")
    ]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert "had none on either side: OOM kills." in text
    assert text.count("OOM kills") == 1


def test_the_usual_source_of_a_metric_is_told_once_and_another_with_its_cell():
    def sides(before, now):
        return {"sources": {"baseline": {before: 5}, "current": {now: 5}}}

    cells = [
        *(
            a_cell(combination=f"usual_{i}", explanation=sides("event log", "event log"))
            for i in range(3)
        ),
        a_cell(combination="other", explanation=sides("prometheus", "event log")),
        a_cell(
            combination="quiet",
            verdict=Verdict.UNCHANGED,
            change=0.0,
            explanation=sides("pods.json", "pods.json"),
        ),
    ]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert "where a row says nothing else: event log Duration." in text
    assert text.count("measured by prometheus (5) → event log (5)") == 1
    assert "Duration 0 % (by pods.json (5))" in text


def test_what_was_decided_on_something_else_than_the_cell_is_said_beside_it():
    deciding = {
        "test": "moderated",
        "on": "beyond_shift",
        "change": 0.3,
        "change_ci95": [0.2, 0.4],
        "p": 0.001,
        "q": 0.01,
    }
    cell = a_cell(explanation={"deciding": deciding})
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict([cell])))
    assert "mod. t* p 0.001, q 0.010" in text
    assert "Duration: decided on +30 % [+20, +40] % beyond the shift" in text


def test_a_label_longer_than_its_column_is_cut_there_and_whole_beside_it():
    name = "a_metric_with_a_name_of_more_than_one_column"
    cells = [a_cell(metric=name)]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert f"{name}: from " in text


def test_the_appendix_tells_method_gaps_and_quarantine():
    material = a_report_material(
        combination_count=1,
        quarantined=[a_quarantined_line(detail=f"detail {i}.") for i in range(60)],
        verdict=a_verdict([a_cell()], findings=(a_finding(),)),
    )
    text = text_of(material)
    for words in ("Benjamini–Hochberg", "extension=rapids", "no GPU in this campaign", "AMD EPYC"):
        assert words in text
    assert all(f"detail {i}." in text for i in range(60))


def test_a_combination_of_which_nothing_landed_is_there_and_says_so():
    material = a_report_material(
        combination_count=1, manifest=a_manifest(expected_combinations=("never_ran",))
    )
    text = text_of(material)
    assert "Nothing landed for this combination." in text


def test_a_section_longer_than_a_page_goes_on_under_its_heading_row():
    cells = [a_cell(metric=f"metric_{i:03}") for i in range(100)]
    text = text_of(a_report_material(combination_count=0, verdict=a_verdict(cells)))
    assert all(f"metric_{i:03}" in text for i in range(100))
    assert text.count("decided by, plain rule, runs") > 2


def test_the_method_and_the_index_are_whole_whatever_page_they_begin_on():
    for count in (1, 9, 14):
        text = text_of(a_report_material(combination_count=count))
        assert "is kept whole in quarantine." in text
        assert all(
            f"{name} · " in text for name in a_report_material(combination_count=count).combinations
        )


def test_hostile_names_are_printed_and_nothing_is_fetched():
    material = a_report_material(
        combination_count=0,
        manifest=a_manifest(campaign=HOSTILE, notes=HOSTILE, environment={HOSTILE: HOSTILE}),
        verdict=a_verdict(
            [a_cell(combination=HOSTILE), a_cell(combination="a" * 400)],
            campaign=HOSTILE,
            findings=(a_finding(message=HOSTILE, where={"x": HOSTILE}),),
        ),
        dimensions={HOSTILE: {"d": HOSTILE}},
        missing={("gc_time_pct", HOSTILE): 1},
        quarantined=[a_quarantined_line(detail=HOSTILE)],
    )
    reader = PdfReader(io.BytesIO(detailed_pdf(material)))
    text = plain("".join(page.extract_text() for page in reader.pages))
    assert "".join(text.split()).count("evil.invalid") >= 5
    assert not any(page.images for page in reader.pages)


def test_the_dates_are_the_campaigns(reader):
    assert reader.metadata["/CreationDate"].startswith("D:20261122013000")
    assert reader.metadata["/ModDate"].startswith("D:20261122013000")


def test_a_campaign_without_a_readable_date_is_set_all_the_same():
    material = a_report_material(combination_count=1, manifest=a_manifest(created_at="yesterday"))
    assert detailed_pdf(material).startswith(b"%PDF-1.7")


def test_a_name_that_no_font_can_draw_does_not_cost_the_report():
    odd = "\U00013000\U000e0fff"
    material = a_report_material(combination_count=0, verdict=a_verdict([a_cell(combination=odd)]))
    reader = PdfReader(io.BytesIO(detailed_pdf(material)))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_another_process_gives_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", ANOTHER_PROCESS],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    here = hashlib.sha256(detailed_pdf(a_report_material())).hexdigest()
    assert digests == {f"{here}\n"}


@pytest.mark.parametrize(("combinations", "is_numbered"), [(100, True), (101, False)])
def test_the_index_of_a_large_matrix_leads_to_sections_and_numbers_no_pages(
    combinations, is_numbered
):
    content = detailed_content(a_report_material(combination_count=combinations))
    assert content["is_numbered"] is is_numbered
    assert sum(len(column) for page in content["contents"] for column in page) == combinations
