"""One Spark application of the demo campaigns: five workloads, and the data that they read.

Runs under an interpreter that has PySpark and nothing else of this project, so it imports only the
standard library, PySpark and the file beside it. ``record.py`` starts it, once for every load run::

    python workloads.py generate --data DIR
    python workloads.py run --operation join --size 250k --settings FILE --data DIR --result FILE

What is timed is the workload alone: the session is up, and the same plan has run once on a
small data set, before the clock starts.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession, Window
from pyspark.sql import functions as f
from tables import DAILY, NIGHTLY_ROWS, ROWS, WARM_UP_ROWS

CUSTOMERS = 20_000
# Scans and joins are quick: they are run this often within one load run, to last a second or more.
PASSES = {"read": 4, "aggregate": 2, "join": 3, "window": 1, "write": 1}
DATA_SEED = 20261123
# Eight files and eight splits: enough tasks for quantiles of their durations to mean something.
FILES = 8


def _whole_number(name: str, below: int) -> "f.Column":
    """Return a column of whole numbers in [0, below) that depends on the row's id and the seed."""
    return f.pmod(f.xxhash64(f.col("id"), f.lit(name), f.lit(DATA_SEED)), f.lit(below))


def _sales(spark: SparkSession, rows: int) -> DataFrame:
    """Return `rows` made-up sales, the same ones on every Spark version."""
    return spark.range(rows, numPartitions=FILES).select(
        f.col("id").alias("sale"),
        _whole_number("customer", CUSTOMERS).cast("int").alias("customer"),
        _whole_number("product", 5_000).cast("int").alias("product"),
        (_whole_number("amount", 100_000) / 100).alias("amount"),
        _whole_number("quantity", 12).cast("int").alias("quantity"),
        f.timestamp_seconds(1_735_689_600 + _whole_number("time", 31_536_000)).alias("sold_at"),
        f.concat(f.lit("order-"), f.hex(f.xxhash64(f.col("id")))).alias("reference"),
    )


def _customers(spark: SparkSession) -> DataFrame:
    """Return every customer with a segment and a discount."""
    return spark.range(CUSTOMERS, numPartitions=1).select(
        f.col("id").cast("int").alias("customer"),
        _whole_number("segment", 40).cast("int").alias("segment"),
        (_whole_number("discount", 30) / 100).alias("discount"),
    )


def generate(data: Path) -> None:
    """Write the input data sets below `data`, and their row counts as Spark reads them."""
    spark = SparkSession.builder.master("local[2]").appName("generate").getOrCreate()
    counts = {}
    for name, rows in {**WARM_UP_ROWS, **ROWS, **NIGHTLY_ROWS}.items():
        folder = str(data / f"sales-{name}")
        _sales(spark, rows).write.mode("overwrite").parquet(folder, compression="snappy")
        counts[f"sales-{name}"] = spark.read.parquet(folder).count()
    folder = str(data / "customers")
    _customers(spark).write.mode("overwrite").parquet(folder, compression="snappy")
    counts["customers"] = spark.read.parquet(folder).count()
    (data / "row_counts.json").write_text(json.dumps(counts, indent=1) + "\n")
    spark.stop()


def _to_nowhere(frame: DataFrame) -> None:
    """Compute every row and column of `frame` and drop the result."""
    frame.write.format("noop").mode("overwrite").save()


def read(sales: DataFrame, _customers: DataFrame, _out: Path) -> None:
    """Scan every column of every row."""
    _to_nowhere(sales)


def aggregate(sales: DataFrame, _customers: DataFrame, _out: Path) -> None:
    """Group by a key of many values, with sums, extremes and an average."""
    grouped = sales.groupBy("customer", f.month("sold_at").alias("month"))
    _to_nowhere(
        grouped.agg(
            f.sum("amount").alias("revenue"),
            f.avg("quantity").alias("mean_quantity"),
            f.max("sold_at").alias("last_sold_at"),
        )
    )


def join(sales: DataFrame, customers: DataFrame, _out: Path) -> None:
    """Join the sales to their customers and keep every row."""
    joined = sales.join(customers, "customer")
    _to_nowhere(joined.withColumn("paid", f.col("amount") * (1 - f.col("discount"))))


def window(sales: DataFrame, _customers: DataFrame, _out: Path) -> None:
    """Rank each customer's sales in time, with a running total."""
    by_time = Window.partitionBy("customer").orderBy("sold_at", "sale")
    _to_nowhere(
        sales.withColumn("position", f.row_number().over(by_time)).withColumn(
            "running_total", f.sum("amount").over(by_time)
        )
    )


def write(sales: DataFrame, _customers: DataFrame, out: Path) -> None:
    """Write every sale to Parquet files."""
    sales.write.mode("overwrite").parquet(str(out))


Workload = Callable[[DataFrame, DataFrame, Path], None]
OPERATIONS: dict[str, Workload] = {
    "read": read,
    "aggregate": aggregate,
    "join": join,
    "window": window,
    "write": write,
}


def _session(settings: dict[str, str], app_name: str) -> SparkSession:
    """Start the application with exactly these Spark settings."""
    builder = SparkSession.builder.appName(app_name)
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _run_once(spark: SparkSession, operation: str, size: str, data: Path, out: Path) -> int | None:
    """Run one workload as often as it is due; return the rows it wrote to files, or None."""
    sales = spark.read.parquet(str(data / f"sales-{size}"))
    customers = spark.read.parquet(str(data / "customers"))
    if operation != "write":
        for _ in range(PASSES[operation]):
            OPERATIONS[operation](sales, customers, out)
        return None
    seen = Observation()
    OPERATIONS[operation](sales.observe(seen, f.count(f.lit(1)).alias("rows")), customers, out)
    return int(seen.get["rows"])


def _timestamp() -> str:
    """Return the time of day in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def run(arguments: argparse.Namespace) -> None:
    """Warm up, time one workload, and write what was measured to the result file."""
    settings = json.loads(arguments.settings.read_text())
    spark = _session(settings, f"{arguments.operation}_{arguments.size}")
    out = arguments.out
    _run_once(spark, arguments.operation, "warm-up", arguments.data, out)
    started_at, start = _timestamp(), time.perf_counter()
    rows_written = _run_once(spark, arguments.operation, arguments.size, arguments.data, out)
    seconds, ended_at = time.perf_counter() - start, _timestamp()
    counts = json.loads((arguments.data / "row_counts.json").read_text())
    table = (arguments.data / f"sales-{arguments.size}").resolve().name
    joined = counts["customers"] if arguments.operation == "join" else 0
    measured = {
        "start_time": started_at,
        "end_time": ended_at,
        "duration_sec": round(seconds, 4),
        "rows_read": (counts[table] + joined) * PASSES[arguments.operation],
        "rows_written": rows_written or 0,
        "spark_app_id": spark.sparkContext.applicationId,
    }
    arguments.result.write_text(json.dumps(measured))
    spark.stop()
    shutil.rmtree(out, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    """Describe the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("generate", help="write the input data sets")
    make.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    one = commands.add_parser("run", help="run one workload as one Spark application")
    one.add_argument("--operation", choices=list(OPERATIONS), required=True)
    one.add_argument("--size", choices=[*ROWS, DAILY], required=True)
    one.add_argument("--settings", type=Path, required=True, help="JSON object of Spark settings")
    one.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    one.add_argument("--out", type=Path, required=True, help="folder that `write` may fill")
    one.add_argument("--result", type=Path, required=True, help="file for what was measured")
    return parser


def main() -> int:
    """Carry out the command line."""
    arguments = _parser().parse_args()
    if arguments.command == "generate":
        generate(arguments.data)
    else:
        run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
