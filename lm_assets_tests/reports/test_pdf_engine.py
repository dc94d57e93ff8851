"""The PDF engine refuses to work in silence: no font, a wrong layout, a fetch, a dead process."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.reports import pdf_engine
from lm_assets.reports.pdf_engine import PageBatch, PdfEngineError

NO_FONTS = """
from lm_assets.reports.pdf_engine import PdfEngineError, check_fonts
try:
    check_fonts()
except PdfEngineError as error:
    print(error)
"""


def one_page(body="text"):
    return PageBatch(html=f"<html><body><p>{body}</p></body></html>", page_count=1)


def test_a_machine_without_fonts_is_told_what_to_install(tmp_path):
    configuration = tmp_path / "fonts.conf"
    configuration.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    said = subprocess.run(
        [sys.executable, "-c", NO_FONTS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FONTCONFIG_FILE": str(configuration)},
    )
    assert said.stdout.startswith("no font is installed, and a PDF needs one: install fonts-dejavu")


def test_a_page_that_asks_for_an_address_is_refused():
    page = one_page('<img src="http://example.invalid/x.png">')
    with pytest.raises(PdfEngineError, match=r"asked for 'http://example\.invalid/x\.png'"):
        pdf_engine.render_batch(page)


def test_a_file_of_this_machine_is_refused_too():
    with pytest.raises(PdfEngineError, match="reports fetch nothing"):
        pdf_engine.render_batch(one_page('<img src="file:///etc/hostname">'))


def test_a_layout_with_other_pages_than_planned_is_refused():
    batch = PageBatch(html="<p style='break-after:page'>1</p><p>2</p>", page_count=1)
    with pytest.raises(PdfEngineError, match="must give 1 pages, it gave 2"):
        pdf_engine.render_batch(batch)


def test_batches_come_back_in_order_from_other_processes():
    batches = [one_page(str(number)) for number in range(5)]
    here = [pdf_engine.render_batch(batch) for batch in batches]
    assert pdf_engine.render_batches(batches, processes=3) == here


def test_a_failure_in_another_process_keeps_its_message():
    broken = PageBatch(html="<p>1</p>", page_count=2)
    with pytest.raises(PdfEngineError, match="ended with 1: the layout must give 2 pages"):
        pdf_engine.render_batches([one_page(), broken], processes=2)


def test_the_number_of_processes_must_be_one_or_more():
    with pytest.raises(ValueError, match="processes must be 1 or above, got 0"):
        pdf_engine.render_batches([one_page()], processes=0)


@given(st.lists(st.binary()))
def test_packed_documents_are_unpacked_unchanged(documents):
    assert pdf_engine.unpacked(pdf_engine.packed(documents)) == documents
