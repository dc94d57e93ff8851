"""What each report layer costs: seconds, CPU, size and memory.

python -m benchmarks.reports_layers [COMBINATIONS ...]     default 20 160 320

CPU is that of this process and of its children. Figures of one run on one machine: compare the
columns, not two machines.
"""

import resource
import sys
import time
from collections.abc import Callable

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
    "detailed.pdf": detailed_pdf,
}


def memory_mib() -> int:
    """Return the largest memory so far of this process, or of the largest of its children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(usage.ru_maxrss for usage in used) // 1024


def cpu_seconds() -> float:
    """Return the CPU time so far of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main(sizes: list[int]) -> None:
    for size in sizes:
        material = a_report_material(combination_count=size)
        print(f"{size} combinations, {len(material.verdict.cells)} cells")
        for name, render in LAYERS.items():
            started, worked = time.perf_counter(), cpu_seconds()
            content = render(material)
            seconds, cpu = time.perf_counter() - started, cpu_seconds() - worked
            print(
                f"  {name:16} {seconds:7.2f} s, CPU {cpu:6.2f} s {len(content) / 1e6:8.2f} MB"
                f"   memory {memory_mib()} MiB"
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [20, 160, 320])
