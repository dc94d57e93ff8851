"""Writes what a benchmark found into the pages that show it: a table between marks, plots beside.

Table and plots of a benchmark are written together, from the same rows.
"""

from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def between_marks(page: str, name: str, content: str) -> str:
    """Return a page with the content between ``<!-- name:begin -->`` and ``<!-- name:end -->``."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page must have {begin} and {end} once each")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{content.strip()}\n{end}{rest.split(end)[1]}"


def section_of(page: str, name: str) -> str:
    """Return what stands between the marks of a page."""
    return page.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->", maxsplit=1)[0]


def write_section(docs: Path, page: str, name: str, content: str) -> None:
    """Put content between the marks of a page."""
    path = docs / page
    path.write_text(between_marks(path.read_text(encoding="utf-8"), name, content), "utf-8")


def write_plots(docs: Path, plots: Mapping[str, str]) -> None:
    """Write plots as ``docs/plots/NAME.svg``."""
    (docs / "plots").mkdir(parents=True, exist_ok=True)
    for name, svg in plots.items():
        (docs / "plots" / f"{name}.svg").write_text(svg, encoding="utf-8")
