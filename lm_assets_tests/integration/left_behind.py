"""Everything that runs have left in a bucket and a warehouse, as one multiset to compare."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from lm_assets.gateways.object_store.s3 import S3ObjectStore

# Each group is written by one transaction.
ROWS_OF_ONE_WRITE = (("load_runs", "run_metrics"), ("summaries",), ("verdicts", "findings"))
TABLES = ("campaigns", *(table for group in ROWS_OF_ONE_WRITE for table in group))
# When a row was stored is the one thing that differs between two equal runs.
TIMES_OF_STORING = {"first_stored_at", "judged_at", "stored_at", "updated_at"}


@dataclass(frozen=True)
class LeftBehind:
    """Objects as (key, SHA-256) and rows as (table, text), each as often as it is there."""

    objects: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key, _ in self.objects if key.startswith(prefix))

    def count(self, table: str) -> int:
        return sum(n for (name, _), n in self.rows.items() if name == table)

    def of_tables(self, tables: tuple[str, ...]) -> Counter[tuple[str, str]]:
        return Counter({row: n for row, n in self.rows.items() if row[0] in tables})

    def lost(self, expected: "LeftBehind") -> list[tuple[str, str]]:
        """Return what is expected and not here."""
        missing = (expected.objects - self.objects) + (expected.rows - self.rows)
        return sorted(missing.elements())

    def doubled(self, expected: "LeftBehind") -> list[tuple[str, str]]:
        """Return what is here beyond what is expected."""
        return expected.lost(self)

    def torn(self, *whole: "LeftBehind") -> list[str]:
        """Return objects, and writes of rows, that are of none of the whole results."""
        known = {item for result in whole for item in result.objects}
        torn = [key for key, digest in self.objects if (key, digest) not in known]
        for group in ROWS_OF_ONE_WRITE:
            found = self.of_tables(group)
            if found and all(found != result.of_tables(group) for result in whole):
                torn.append(" and ".join(group))
        return torn


def left_behind(environment: Mapping[str, str], campaign: str) -> LeftBehind:
    """Return what runs of a campaign have left until now."""
    store = S3ObjectStore.from_environment(environment)
    keys = [k for item in store.list("") if is_made_by_runs(k := item.key, campaign)]
    objects = Counter((key, _content(store, key)) for key in keys)
    rows: Counter[tuple[str, str]] = Counter()
    with psycopg.connect(environment["LM_POSTGRES_URL"]) as connection:
        for table in TABLES:
            query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE campaign = %s")
            for (row,) in connection.execute(query.format(sql.Identifier(table)), [campaign]):
                kept = {k: v for k, v in row.items() if k not in TIMES_OF_STORING}
                rows[table, str(kept)] += 1
    return LeftBehind(objects, rows)


def _content(store: S3ObjectStore, key: str) -> str:
    # Which delivery it was: other with each, whatever its bytes.
    if key.endswith("/delivery.json"):
        return "a delivery"
    content = re.sub(rb'"delivery_digest":"[0-9a-f]*"', b"", store.read(key))
    return hashlib.sha256(content).hexdigest()


def is_made_by_runs(key: str, campaign: str) -> bool:
    prefix, name = key.split("/")[:2]
    return prefix != "incoming" and name == campaign


def clear(environment: Mapping[str, str]) -> None:
    """Remove everything that runs made."""
    store = S3ObjectStore.from_environment(environment)
    for item in list(store.list("")):
        if not item.key.startswith("incoming/"):
            store.delete(item.key)
    with psycopg.connect(environment["LM_POSTGRES_URL"], autocommit=True) as connection:
        names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
