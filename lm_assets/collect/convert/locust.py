"""Locust's ``_stats.csv``: its Aggregated row, held against the rows that it is made of."""

from lm_assets.collect.convert.converted import ConvertedRun, number, refused, rows_of_csv
from lm_assets.model.errors import UnusableInputError

_TAKEN = {
    "50%": "latency_p50_ms",
    "95%": "latency_p95_ms",
    "99%": "latency_p99_ms",
    "Requests/s": "requests_s",
    "Failure Count": "errors",
}


def convert(content: bytes) -> list[ConvertedRun]:
    """Return the one run of a statistics file.

    Raises
    ------
    UnusableInputError
        ``contradiction`` when the Aggregated row is not the sum of its parts.
    """
    table = rows_of_csv(content)
    needed = ("Name", "Request Count", *_TAKEN)
    if absent := [name for name in needed if name not in table.names]:
        raise refused(f"Locust's _stats.csv has these columns, absent: {absent}")
    parts = list(table.rows)
    totals = [row for row in parts if row["Name"] == "Aggregated"]
    if len(totals) != 1:
        raise refused(f"there must be one row Aggregated, there are {len(totals)}")
    parts.remove(totals[0])
    for column in ("Request Count", "Failure Count"):
        total = number(totals[0][column], column)
        found = sum(number(row[column], column) for row in parts)
        if parts and found != total:
            raise UnusableInputError(
                "contradiction", f"Aggregated says {column} {total:g}, its parts {found:g}"
            )
    return [ConvertedRun(metrics={to: number(totals[0][of], of) for of, to in _TAKEN.items()})]
