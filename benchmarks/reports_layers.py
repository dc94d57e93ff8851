"""What each report layer costs, and what rendering the PDF in other processes saves.

python -m benchmarks.reports_layers [COMBINATIONS ...]     default 20 160

Figures of one run on one machine: compare the columns, not two machines.
"""

import resource
import sys
import time
from collections.abc import Callable

from lm_assets.reports.detailed_pages import detailed_pages

from lm_assets.reports.detailed import detailed_pdf
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.raw_data import raw_jsonl
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import a_report_material

LAYERS: dict[str, Callable[[ReportMaterial], bytes]] = {
    "executive.md": lambda material: executive_markdown(material).encode(),
    "technical.html": lambda material: technical_html(material).encode(),
    "raw.jsonl": raw_jsonl,
    "detailed.pdf, 2 processes": lambda material: detailed_pdf(material, processes=2),
    "detailed.pdf, 1 process": lambda material: detailed_pdf(material, processes=1),
}


def memory_mib() -> tuple[int, int]:
    """Return the largest memory so far of this process, and of any it started."""
    return tuple(
        resource.getrusage(who).ru_maxrss // 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def main(sizes: list[int]) -> None:
    for size in sizes:
        material = a_report_material(combination_count=size)
        pages = len(detailed_pages(material).pages)
        print(f"{size} combinations, {len(material.verdict.cells)} cells, {pages} pages")
        for name, render in LAYERS.items():
            started = time.perf_counter()
            content = render(material)
            seconds = time.perf_counter() - started
            here, elsewhere = memory_mib()
            print(
                f"  {name:26} {seconds:7.2f} s {len(content) / 2**20:7.2f} MiB"
                f"   memory here {here} MiB, in a child {elsewhere} MiB"
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [20, 160])
