"""What an application's Spark properties say of its executors."""

import re
from collections.abc import Mapping

# Spark holds both in 64 bits; Python refuses to read a number of thousands of digits at all.
_MEMORY = re.compile(r"\s*([0-9]{1,18})\s*([kmgtp]?)i?b?\s*", re.IGNORECASE)
_CORES = re.compile(r"[0-9]{1,9}")
_UNIT_BYTES = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
# Spark's documented default of spark.executor.memory and spark.driver.memory.
_DEFAULT_MEMORY_BYTES = 2**30


def memory_bytes(text: str) -> int | None:
    """Return the bytes of a Spark memory setting (a bare number is MiB), None if it is none.

    Examples
    --------
    >>> memory_bytes("4g"), memory_bytes("512"), memory_bytes("*********(redacted)")
    (4294967296, 536870912, None)
    """
    match = _MEMORY.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * _UNIT_BYTES[match[2].lower() or "m"]


def executor_memory_bytes(properties: Mapping[str, str], *, is_local: bool) -> int | None:
    """Return the heap that each executor may use; None where the setting cannot be read.

    In local mode the driver runs the tasks, and ``spark.driver.memory`` sets its heap.
    """
    name = "spark.driver.memory" if is_local else "spark.executor.memory"
    text = properties.get(name)
    return _DEFAULT_MEMORY_BYTES if text is None else memory_bytes(text)


def executor_cores(properties: Mapping[str, str]) -> int | None:
    """Return ``spark.executor.cores``, None where it is not set or not a number."""
    text = properties.get("spark.executor.cores", "")
    return int(text) if _CORES.fullmatch(text) else None
