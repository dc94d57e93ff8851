"""Event log: figures and profile in one pass, against the same pass that makes the figures alone.

    python -m benchmarks.profile_cost [--copies 8] [--rounds 9] [--json]

Two inputs: the largest recorded log of the demo, all that it did done --copies times over (task
attempts, stages, jobs and executions numbered on), as one log; and one recorded log of every
campaign and combination, as they are. Both passes decompress, decode and count the same events,
in turn, in CPU time; the best of the rounds counts. The pass without a profile makes what
`ApplicationFigures` needs: counts, spans, durations and one sum of every amount.
"""

import argparse
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import zstandard

from benchmarks.collect_event_log import largest_recorded_log, plain
from lm_assets.collect.spark.event_log import (
    EventLogLimits,
    local_event_log_parts,
    read_event_log,
)
from lm_assets.collect.spark.event_log.codecs import plain_chunks
from lm_assets.collect.spark.event_log.decoding import decode_event
from lm_assets.collect.spark.event_log.lines import lines_of
from lm_assets.collect.spark.event_log.tally import EventTally
from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.event_log.task_events import TaskEnd
from lm_assets.collect.spark.task_durations import TaskDurations

CAMPAIGNS = Path(__file__).parents[1] / "demo" / "campaigns"
LIMITS = EventLogLimits(max_expansion=1e6)
# What numbers on, by its field; what an execution's number is called in a job's properties is text.
NUMBERED = {"Task ID", "Stage ID", "Job ID", "executionId"}
LISTED = "Stage IDs"
AS_TEXT = "spark.sql.execution.id"
ONCE = ("ApplicationStart", "ApplicationEnd", "LogStart", "EnvironmentUpdate")


def numbered_on(value, by):
    if isinstance(value, list):
        return [numbered_on(item, by) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: renumbered(name, item, by) for name, item in value.items()}


def renumbered(name, value, by):
    if name in NUMBERED:
        return value + by
    if name == LISTED:
        return [number + by for number in value]
    return str(int(value) + by) if name == AS_TEXT else numbered_on(value, by)


def done_over(log, copies):
    """Return the events of an application that did everything several times."""
    events = [json.loads(line) for line in plain(log).splitlines()]
    ends = [e for e in events if e["Event"] == "SparkListenerApplicationEnd"]
    repeated = [e for e in events if not e["Event"].endswith(ONCE)]
    first = [e for e in events if e["Event"].endswith(ONCE) and e not in ends]
    for copy in range(copies):
        first += [numbered_on(event, copy * 10_000) for event in repeated]
    return b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in first + ends)


def figures_alone(parts):
    tally = EventTally(durations=TaskDurations())
    amounts = TaskAmounts()
    for part in parts:
        chunks = plain_chunks(part, LIMITS, print)
        for beginning, line in lines_of(chunks, max_line_bytes=LIMITS.max_line_bytes):
            event = decode_event(beginning, line)
            handler = tally.handlers.get(type(event))
            if handler is not None:
                handler(event)
            if isinstance(event, TaskEnd) and event.info is not None and event.metrics is not None:
                amounts.add_attempt(event.metrics, event.info.span_ms)
    return tally.figures(amounts=amounts, malformed_lines=0, incomplete=(), partial={}, notes=())


def with_profile(parts):
    return read_event_log(parts, limits=LIMITS).figures


def cpu_s(read, logs):
    begun = time.process_time()
    for parts in logs:
        read(parts)
    return time.process_time() - begun


def measure(logs, rounds):
    for parts in logs:
        alone, both = figures_alone(parts), with_profile(parts)
        if (alone.sums, alone.tasks) != (both.sums, both.tasks):
            raise SystemExit(f"{parts[0].name}: the two passes count differently")
    spent = [(cpu_s(figures_alone, logs), cpu_s(with_profile, logs)) for _ in range(rounds)]
    alone, both = map(min, zip(*spent, strict=True))
    size = sum(len(c) for parts in logs for p in parts for c in plain_chunks(p, LIMITS, print))
    return {
        "megabytes": round(size / 1e6, 1),
        "logs": len(logs),
        "mb_per_s": {
            "figures": round(size / 1e6 / alone),
            "with profile": round(size / 1e6 / both),
        },
        "speed_with_profile": round(alone / both, 2),
        "more_ms_a_log": round(1e3 * (both - alone) / len(logs), 2),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folders = sorted(path for path in CAMPAIGNS.glob("*/*") if path.is_dir())
    recorded = [min(folder.glob("run-*/eventlog/*")) for folder in folders]
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.zstd"
        content = io.BytesIO(done_over(largest_recorded_log(), asked.copies))
        with large.open("wb") as file:
            zstandard.ZstdCompressor(level=1).copy_stream(content, file)
        figures = {
            "one large log": measure([local_event_log_parts(large)], asked.rounds),
            "recorded logs": measure(
                [local_event_log_parts(log) for log in recorded], asked.rounds
            ),
        }
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, found in figures.items():
            print(f"{name:16} {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
