"""Load and write times of a baseline catalogue: 1,280 combinations × 15 metrics, 5 runs each.

    python benchmarks/baseline_catalogue.py [--combinations N] [--repeats N]

The floor is the YAML parser alone, its events thrown away, on the same text in the same run.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.model.baseline import (
    Baseline,
    BaselineAnchor,
    BaselineCatalogue,
    BaselineStatus,
    MetricBaseline,
)
from lm_assets.model.campaign import Subject

METRICS = 15
RUNS = 5
MOMENT = "2026-11-22T01:02:03+00:00"


def catalogue_of(combinations: int, *, with_anchor: bool) -> BaselineCatalogue:
    """Return a made-up catalogue whose numbers have all their digits, the worst case for text."""
    random_source = random.Random(20261122)
    entries = {}
    for index in range(combinations):
        name = f"3.5.{index}_connect_kubernetes_iceberg+rapids_aggregate_10gb"
        samples = {
            f"metric_{k:02}": tuple(random_source.lognormvariate(3, 0.2) for _ in range(RUNS))
            for k in range(METRICS)
        }
        campaigns = ("nightly-2026-11-22-1a2b3c4",)
        anchor = BaselineAnchor(
            set_at=MOMENT, source_campaigns=campaigns, reason="release 1.0", samples=samples
        )
        entries[name] = Baseline(
            combination=name,
            status=BaselineStatus.ACTIVE,
            sample_size=RUNS,
            created_at=MOMENT,
            updated_at=MOMENT,
            source_campaigns=campaigns,
            reason="initial baseline",
            subject=Subject(git_sha="1a2b3c4d" * 5, version_labels={"spark": "3.5.0"}),
            environment={"cpu_model": "AMD EPYC 7763", "node_type": "m6i", "jdk": "17.0.12"},
            metrics={name: MetricBaseline.of_samples(values) for name, values in samples.items()},
            runs=tuple(f"run-{k}" for k in range(RUNS)),
            anchor=anchor if with_anchor else None,
        )
    return BaselineCatalogue(entries=entries)


def seconds(repeats: int, action: Callable[[], object]) -> tuple[float, float]:
    """Return the median wall and CPU time; on a busy machine the first says more of the others."""
    wall, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        action()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return statistics.median(wall), statistics.median(cpu)


def parse_only(text: str) -> None:
    for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--combinations", type=int, default=1280)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for with_anchor in (False, True):
        catalogue = catalogue_of(options.combinations, with_anchor=with_anchor)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "load-test-baselines.yaml"
            digest = read_catalogue(path).digest

            def write(path: Path = path, catalogue: BaselineCatalogue = catalogue) -> None:
                nonlocal digest
                digest = write_catalogue(path, catalogue, digest).digest

            written = seconds(options.repeats, write)
            loaded = seconds(options.repeats, lambda path=path: read_catalogue(path))
            text = path.read_text()
            floor = seconds(options.repeats, lambda text=text: parse_only(text))
            print(
                f"anchors={'yes' if with_anchor else 'no'}  {len(text) / 1e6:.1f} MB  "
                f"write {written[0]:.2f} s (CPU {written[1]:.2f})  "
                f"load {loaded[0]:.2f} s (CPU {loaded[1]:.2f}) = "
                f"{loaded[1] / floor[1]:.1f} × parser alone"
            )


if __name__ == "__main__":
    main()
