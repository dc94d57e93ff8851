"""The PDF engine refuses to work in silence: no font, a fetch; and leaves nothing as it was not."""

import gc
import os
import subprocess
import sys

import pytest

from lm_assets.reports.pdf_engine import PdfEngineError, engine_check, pdf_of

NO_FONTS = """
from lm_assets.reports.pdf_engine import PdfEngineError, pdf_of
try:
    pdf_of("<p>text</p>", {})
except PdfEngineError as error:
    print(error)
"""


def page(body="text"):
    return f'<html lang="en"><title>a page</title><body><p>{body}</p></body></html>'


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


@pytest.mark.parametrize(
    "address",
    ["http://example.invalid/x.png", "file:///etc/hostname", "picture:2"],
    ids=["of the network", "of this machine", "of no picture"],
)
def test_a_document_that_asks_for_an_address_is_refused(address):
    pictures = {"picture:1": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"}
    with pytest.raises(PdfEngineError, match=f"asked for '{address}'; reports fetch nothing"):
        pdf_of(page(f'<img src="{address}" alt="words">'), pictures)


def test_another_document_or_picture_has_another_identifier():
    image = page('<img src="picture:1" alt="words">')
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='{}'/>"
    made = [
        pdf_of(image, {"picture:1": svg.format(8)}),
        pdf_of(image, {"picture:1": svg.format(9)}),
        pdf_of(page(), {}),
    ]
    assert len({content.partition(b"/ID")[2] for content in made}) == 3
    assert made[2] == pdf_of(page(), {})


def test_the_collector_of_cycles_runs_again_after_a_document_and_after_a_failure():
    assert gc.isenabled()
    pdf_of(page(), {})
    assert gc.isenabled()
    with pytest.raises(PdfEngineError):
        pdf_of(page('<img src="http://x.invalid/y" alt="words">'), {})
    assert gc.isenabled()


def test_the_engine_says_what_it_is_and_how_many_fonts_it_has():
    assert engine_check().startswith("WeasyPrint ")
    assert " installed" in engine_check()
