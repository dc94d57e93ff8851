"""The Spark settings of the demo campaigns, and what is changed in the changed one."""

from dataclasses import dataclass, field
from pathlib import Path

# Only the compiler that needs no long profile: in runs of seconds the other one is still busy,
# and a load run would time the compiler. Touching the heap first keeps page faults out as well.
JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+AlwaysPreTouch"
DRIVER_MEMORY = "768m"

COMMON = {
    "spark.master": "local[1]",
    "spark.ui.enabled": "false",
    "spark.driver.host": "localhost",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": DRIVER_MEMORY,
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "true",
    "spark.eventLog.compression.codec": "zstd",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.logStageExecutorMetrics": "true",
    # A run is over before the first heartbeat, so peak memory has to be polled.
    "spark.executor.metrics.pollingInterval": "200ms",
    "spark.sql.files.minPartitionNum": "8",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.session.timeZone": "UTC",
}

# The settings under test, the same on both Spark versions. Two of them are old habits that the
# changed campaign drops in some combinations: the row-wise Parquet reader and gzip.
PER_OPERATION: dict[str, dict[str, str]] = {
    "read": {"spark.sql.parquet.enableVectorizedReader": "false"},
    "aggregate": {},
    "join": {},
    "window": {},
    "write": {"spark.sql.parquet.compression.codec": "gzip"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What the changed campaign sets differently in one combination, and what that should do."""

    what: str
    expected: str
    settings: dict[str, str] = field(default_factory=dict)


NO_BROADCAST = Change(
    what="adaptive execution and broadcast joins off: the join shuffles and sorts both sides",
    expected="slower",
    settings={
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
    },
)
_TOO_MANY_PARTITIONS = Change(
    what="100 shuffle partitions on one core instead of 8, and none of them coalesced",
    expected="slower",
    settings={
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.sql.shuffle.partitions": "100",
    },
)
_STARVED_MEMORY = Change(
    what="2 % of the heap for execution: sorting spills to disk, packed hard (zstd 9)",
    expected="slower",
    settings={
        "spark.memory.fraction": "0.02",
        "spark.io.compression.codec": "zstd",
        "spark.io.compression.zstd.level": "9",
    },
)
_TINY_FILES = Change(
    what="at most 2,000 rows in a file: hundreds of tiny Parquet files",
    expected="slower",
    settings={"spark.sql.files.maxRecordsPerFile": "2000"},
)
_VECTORIZED_READER = Change(
    what="vectorized Parquet reader on",
    expected="faster",
    settings={"spark.sql.parquet.enableVectorizedReader": "true"},
)
_FAST_CODEC = Change(
    what="Parquet written with snappy instead of gzip",
    expected="faster",
    settings={"spark.sql.parquet.compression.codec": "snappy"},
)

CHANGES: dict[str, Change] = {
    "3.5.9_local_join_250k": NO_BROADCAST,
    "3.5.9_local_join_750k": NO_BROADCAST,
    "4.0.5_local_aggregate_250k": _TOO_MANY_PARTITIONS,
    "4.0.5_local_aggregate_750k": _TOO_MANY_PARTITIONS,
    "3.5.9_local_window_750k": _STARVED_MEMORY,
    "4.0.5_local_write_250k": _TINY_FILES,
    "3.5.9_local_read_250k": _VECTORIZED_READER,
    "3.5.9_local_read_750k": _VECTORIZED_READER,
    "4.0.5_local_read_750k": _VECTORIZED_READER,
    "3.5.9_local_write_750k": _FAST_CODEC,
}


def of_run(*, operation: str, change: Change | None, root: Path, version: str) -> dict[str, str]:
    """Return every Spark setting of one load run, with all its folders below `root`."""
    java_options = (
        f"{JVM_OPTIONS} -Xms{DRIVER_MEMORY} -XX:SharedArchiveFile={class_archive(root, version)} "
        f"-Duser.home={root} -Djava.io.tmpdir={root / 'tmp'}"
    )
    return {
        **COMMON,
        "spark.driver.extraJavaOptions": java_options,
        "spark.local.dir": str(root / "tmp"),
        "spark.sql.warehouse.dir": str(root / "tmp" / "warehouse"),
        "spark.eventLog.dir": (root / "eventlog").as_uri(),
        **PER_OPERATION[operation],
        **(change.settings if change else {}),
    }


def class_archive(root: Path, version: str) -> Path:
    """Return where a Spark version's archive of loaded classes is: it only shortens the start."""
    return root / f"classes-{version}.jsa"
