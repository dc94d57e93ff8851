"""Reads an event log of any size in a process of its own and says what that took.

    python -m lm_assets_tests.fakes.large_log COPIES

The log is one compressed piece of about 4 MB, given again and again without holding the copies.
"""

import io
import json
import random
import re
import sys
from pathlib import Path

import zstandard

from lm_assets.collect.spark.event_log import EventLogPart, parse_event_log
from lm_assets_tests.fakes.spark_events import T0, application_end, application_start, event_lines

TASKS_A_PIECE = 1_000
# Real task ends are some 4 KB, most of it accumulables that no figure needs.
PADDING_BYTES = 2_000


def piece() -> bytes:
    """Return the task ends of one piece; random text, which compresses as little as real logs."""
    chance = random.Random(1)
    return event_lines(
        *(
            {
                "Event": "SparkListenerTaskEnd",
                "Task End Reason": {"Reason": "Success"},
                "Task Info": {
                    "Launch Time": T0,
                    "Finish Time": T0 + number % 997,
                    "Executor ID": "1",
                    "Accumulables": [{"ID": 1, "Value": chance.randbytes(PADDING_BYTES).hex()}],
                },
                "Task Metrics": {"Executor Run Time": 1, "JVM GC Time": 0, "Disk Bytes Spilled": 0},
            }
            for number in range(TASKS_A_PIECE)
        )
    )


class Repeated(io.RawIOBase):
    """A beginning, one piece again and again, and an end."""

    def __init__(self, middle: bytes, copies: int, *, begin: bytes = b"", end: bytes = b"") -> None:
        super().__init__()
        self._parts = iter([begin, *[middle] * copies, end])
        self._current = io.BytesIO()

    def readable(self) -> bool:
        """Whether there is anything to read: always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the current part."""
        data = self._current.read(len(buffer))
        while not data and (part := next(self._parts, None)) is not None:
            self._current = io.BytesIO(part)
            data = self._current.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def main(copies: int) -> None:
    """Print the log's size, what was counted in it and this process's peak memory."""
    middle = piece()
    begin = zstandard.compress(event_lines(application_start("app-large", T0)))
    end = zstandard.compress(event_lines(application_end(T0 + 9_000)))
    packed, size = zstandard.compress(middle), len(middle) * copies
    del middle
    log = EventLogPart(name="log.zstd", open=lambda: Repeated(packed, copies, begin=begin, end=end))
    figures = parse_event_log([log])
    status = Path("/proc/self/status").read_text()
    peak_mb = int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 1024
    found = {"bytes": size, "tasks": figures.tasks, "duration_s": figures.duration_s}
    print(json.dumps({**found, "peak_mb": peak_mb}))  # noqa: T201 - this is its output


if __name__ == "__main__":
    main(int(sys.argv[1]))
