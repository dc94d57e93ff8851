"""Event log: MB/s and peak memory, beside decompressing and parsing the same bytes alone.

    python -m benchmarks.collect_event_log [--log FILE_OR_FOLDER] [--megabytes 200] [--json]

The largest recorded log of the demo (or --log) is repeated to the wanted size, its task attempts
numbered on, and compressed with zstd, Spark's default. The floor decompresses the same file and
decodes every line into plain Python values with msgspec, and with orjson where that is installed;
ours runs in the same process, in turn with the floor, and the best of the rounds counts for each.
Peak memory is that of a process of its own that reads a tenth, and of one that reads everything:
flat means that they are alike.
"""

import argparse
import importlib
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import zstandard

from lm_assets.collect.spark.event_log import (
    EventLogLimits,
    EventLogPart,
    local_event_log_parts,
    parse_event_log,
)
from lm_assets.collect.spark.event_log.codecs import plain_chunks

PROJECT = Path(__file__).parents[1]
TASK_ID = re.compile(rb'"Task ID":(\d+)')


def plain(log: Path) -> bytes:
    parts = [p for p in local_event_log_parts(log) if not p.name.startswith("appstatus")]
    chunks = (c for p in parts for c in plain_chunks(p, EventLogLimits(), print))
    return b"".join(chunks)


def largest_recorded_log() -> Path:
    logs = (PROJECT / "demo" / "campaigns").glob("**/eventlog/*")
    return max(logs, key=lambda log: len(plain(log)))


def write_repeated(content: bytes, megabytes: float, target: Path) -> int:
    copies = int(megabytes * 1e6 // len(content)) + 1
    with target.open("wb") as file, zstandard.ZstdCompressor(level=1).stream_writer(file) as out:
        written = 0
        for copy in range(copies):
            again = renumbered(content, copy)
            written += len(again)
            out.write(again)
    return written


def renumbered(content: bytes, copy: int) -> bytes:
    """A copy with task attempts of its own: an end that was there before would be passed over."""
    numbers = [int(number) for number in TASK_ID.findall(content)]
    first = copy * (max(numbers, default=0) + 1)
    return TASK_ID.sub(lambda found: b'"Task ID":%d' % (int(found[1]) + first), content)


def ours(log: Path) -> int:
    part = EventLogPart(name=log.name, open=partial(log.open, "rb"))
    return parse_event_log([part], limits=EventLogLimits(max_expansion=1e6)).tasks


def floor(log: Path, decode: Callable[[bytes], object]) -> None:
    with log.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        for line in io.BufferedReader(reader, 1 << 20):
            decode(line)


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def own_peak_mb() -> float:
    # getrusage would tell the parent's peak where that was the larger: it outlives exec.
    status = Path("/proc/self/status").read_text()
    return round(int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024, 1)


def peak_mb(log: Path) -> float:
    command = [sys.executable, __file__, "--only-read", str(log)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(log: Path, megabytes: float, rounds: int) -> dict[str, object]:
    decoders: dict[str, Callable[[bytes], object]] = {"msgspec": msgspec.json.Decoder().decode}
    try:
        decoders["orjson"] = importlib.import_module("orjson").loads
    except ModuleNotFoundError:
        print("orjson is not installed: its column is left out", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        repeated, tenth = Path(folder) / "log.zstd", Path(folder) / "tenth.zstd"
        content = plain(log)
        size = write_repeated(content, megabytes, repeated)
        write_repeated(content, megabytes / 10, tenth)
        best = dict.fromkeys(["ours", *decoders], float("inf"))
        for _ in range(rounds):
            best["ours"] = min(best["ours"], seconds(partial(ours, repeated)))
            for name, decode in decoders.items():
                best[name] = min(best[name], seconds(partial(floor, repeated, decode)))
        fastest_floor = min(best[name] for name in decoders)
        return {
            "megabytes": round(size / 1e6),
            "megabytes_stored": round(repeated.stat().st_size / 1e6, 1),
            "mb_per_s": {name: round(size / 1e6 / s, 1) for name, s in best.items()},
            "speed_against_floor": round(fastest_floor / best["ours"], 2),
            "peak_memory_mb": {"tenth": peak_mb(tenth), "whole": peak_mb(repeated)},
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--log", type=Path)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only-read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_read:
        ours(options.only_read)
        print(own_peak_mb())
        return
    figures = measure(options.log or largest_recorded_log(), options.megabytes, options.rounds)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
