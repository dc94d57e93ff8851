"""The PDF: every combination, right page numbers, the same bytes wherever it is rendered."""

import hashlib
import io
import subprocess
import sys

import pytest
from pypdf import PdfReader

from lm_assets.model.verdict import Verdict
from lm_assets.reports import detailed
from lm_assets.reports.detailed import detailed_pdf
from lm_assets.reports.detailed_pages import detailed_pages
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_manifest,
    a_quarantined_line,
    a_report_material,
    a_verdict,
)

HOSTILE = '</pre><img src="http://evil.invalid/x.png"><script>a</script>&`|'

TWO_PROCESSES = """
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
    """Return text without the breaks that fixed columns and long lines put into it."""
    return text.replace("\n", " ")


def test_every_combination_has_a_section(material, reader):
    text = "\n".join(page.extract_text() for page in reader.pages[2:])
    assert [name for name in material.combinations if name not in text] == []


def test_the_contents_give_the_page_on_which_each_section_stands(material, reader):
    lines = reader.pages[1].extract_text().splitlines()
    listed = (line.split(" ...") for line in lines if " ..." in line)
    stated = {title.split()[-1]: int(rest.split()[-1]) for title, rest in listed}
    for name in material.combinations:
        assert name in reader.pages[stated[name] - 1].extract_text(), name
    assert "Unit of analysis" in reader.pages[stated["Method"] - 1].extract_text()


def test_the_contents_lead_there_by_link(material, reader):
    links = [note.get_object() for note in reader.pages[1]["/Annots"]]
    targets = [reader.get_page_number(link["/A"]["/D"][0].get_object()) + 1 for link in links]
    lines = [x for x in reader.pages[1].extract_text().splitlines() if " ..." in x]
    assert targets == [int(line.split()[-1]) for line in lines]
    assert {link["/A"]["/S"] for link in links} == {"/GoTo"}


def test_every_page_carries_its_number_and_their_count(reader):
    count = len(reader.pages)
    for number, page in enumerate(reader.pages, start=1):
        assert f"{number} / {count}" in page.extract_text()


def test_the_outline_names_every_combination(material, reader):
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    nested = next(item for item in reader.outline if isinstance(item, list))
    assert titles[:3] == ["Verdict", "Contents", "Combinations"]
    assert [item.title for item in nested] == list(material.combinations)


def test_the_cover_gives_the_verdict_and_what_was_under_test(reader):
    text = plain(reader.pages[0].extract_text())
    assert "▲ REGRESSED" in text or "▲ regressed" in text
    assert "2 of 7 combinations got worse" in text
    assert "1a2b3c4d5e6f" in text


def test_a_section_lists_numbers_and_what_is_missing_as_not_available():
    cell = a_cell(baseline_mean=None, change_ci95=None, q=None)
    material = a_report_material(combination_count=0, verdict=a_verdict([cell]))
    text = PdfReader(io.BytesIO(detailed_pdf(material))).pages[2].extract_text()
    row = next(line for line in text.splitlines() if "Duration" in line)
    assert " ".join(row.split()) == (
        "▲ regressed Duration [s] n/a 22.1 +80 % n/a Welch <0.0001 n/a yes <0.0001 5 : 5"
    )


def test_an_interval_of_events_per_run_is_not_cut():
    cell = a_cell(
        metric="failed_tasks", change=0.4, change_ci95=(-0.74, 0.74), change_unit="events/run"
    )
    material = a_report_material(combination_count=0, verdict=a_verdict([cell]))
    text = PdfReader(io.BytesIO(detailed_pdf(material))).pages[2].extract_text()
    row = next(line for line in text.splitlines() if "Failed tasks" in line)
    assert "+0.4 per run [−0.74, +0.74] per run Welch <0.0001" in " ".join(row.split())


def test_inconclusive_rows_say_how_many_runs_would_decide():
    cells = [
        a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=9),
        a_cell(metric="gc_time_pct", verdict=Verdict.UNCHANGED, runs_needed=4),
    ]
    material = a_report_material(combination_count=0, verdict=a_verdict(cells))
    text = PdfReader(io.BytesIO(detailed_pdf(material))).pages[2].extract_text()
    assert "? inconclusive, needs 9 " in text
    assert "needs 4" not in text


def test_the_appendix_tells_method_gaps_and_quarantine():
    material = a_report_material(
        combination_count=1,
        quarantined=[a_quarantined_line(detail=f"detail {i}") for i in range(60)],
        verdict=a_verdict([a_cell()], findings=(a_finding(),)),
    )
    pages = PdfReader(io.BytesIO(detailed_pdf(material))).pages
    text = "\n".join(page.extract_text() for page in pages[3:])
    for words in ("Benjamini–Hochberg", "extension=rapids", "no GPU in this campaign", "AMD EPYC"):
        assert words in text
    assert "Quarantine (continued)" in text
    assert all(f"detail {i}" in text for i in range(60))


def test_a_combination_of_which_nothing_landed_is_there_and_says_so():
    material = a_report_material(
        combination_count=1, manifest=a_manifest(expected_combinations=("never_ran",))
    )
    text = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(detailed_pdf(material))).pages)
    assert "Nothing landed for this combination." in text


def test_a_section_longer_than_a_page_goes_on_and_keeps_the_numbers_right():
    cells = [a_cell(metric=f"metric_{i:03}") for i in range(100)]
    material = a_report_material(combination_count=0, verdict=a_verdict(cells))
    reader = PdfReader(io.BytesIO(detailed_pdf(material)))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert all(f"metric_{i:03}" in text for i in range(100))
    assert text.count("(continued)") == 2


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
    assert text.count("evil.invalid") >= 5
    assert not any(page.images for page in reader.pages)


def test_the_dates_are_the_campaigns_and_the_identifier_the_contents(material, reader):
    assert reader.metadata["/CreationDate"] == "D:20261122013000Z"
    assert reader.metadata["/ModDate"] == "D:20261122013000Z"
    again = PdfReader(io.BytesIO(detailed_pdf(material)))
    assert reader.trailer["/ID"] == again.trailer["/ID"]
    other = PdfReader(io.BytesIO(detailed_pdf(a_report_material(combination_count=1))))
    assert other.trailer["/ID"] != reader.trailer["/ID"]


def test_a_campaign_without_a_readable_date_gets_no_date():
    material = a_report_material(combination_count=1, manifest=a_manifest(created_at="yesterday"))
    assert "/CreationDate" not in PdfReader(io.BytesIO(detailed_pdf(material))).metadata


def test_another_process_gives_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", TWO_PROCESSES],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    here = hashlib.sha256(detailed_pdf(a_report_material())).hexdigest()
    assert digests == {f"{here}\n"}


def test_batches_rendered_elsewhere_give_the_same_bytes(monkeypatch):
    material = a_report_material(combination_count=5)
    monkeypatch.setattr(detailed, "PAGES_PER_BATCH", 3)
    assert len(detailed_pages(material).pages) > 6
    assert detailed_pdf(material, processes=2) == detailed_pdf(material, processes=1)


def test_page_numbers_hold_across_batches(monkeypatch):
    monkeypatch.setattr(detailed, "PAGES_PER_BATCH", 2)
    reader = PdfReader(
        io.BytesIO(detailed_pdf(a_report_material(combination_count=4), processes=1))
    )
    links = [note.get_object() for note in reader.pages[1]["/Annots"]]
    targets = [reader.get_page_number(link["/A"]["/D"][0].get_object()) + 1 for link in links]
    assert targets[:4] == [3, 3, 4, 4]
