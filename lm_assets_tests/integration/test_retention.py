"""Retention on the real servers: rules are set, read back, and really expire objects."""

import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lm_assets.gateways.bucket.retention import RULE_PREFIX, apply_lifecycle, lifecycle_status
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.seaweedfs import PORT_FLAGS, weed_executable
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.protocol import ObjectStoreRefusedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.retention import ExpiredRows, expired_rows, remove_expired_rows
from lm_assets.model.retention import RetentionPolicy
from lm_assets_tests.builders import a_cell, a_finding, a_record, a_summary, a_verdict

pytestmark = pytest.mark.integration
POLICY = RetentionPolicy(raw_days=30, aggregated_days=365)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class TestLifecycleRules:
    def test_are_not_there_until_they_are_applied(self, s3_store):
        before = lifecycle_status(s3_store, POLICY)
        assert [item.found_days for item in before] == [None] * 11
        after = apply_lifecycle(s3_store, POLICY)
        assert after == lifecycle_status(s3_store, POLICY)
        assert {item.prefix: item.found_days for item in after} == {
            "incoming/": 30,
            "raw/": 30,
            "quarantine/": 30,
            "compute-logs/": 30,
            "shards/": 30,
            "aggregated/": 365,
            "confirmations/": 365,
            "reports/": 365,
            "proposals/": 365,
            "profiles/": 365,
            "alerts/states/": 365,
        }

    def test_follow_a_change_of_the_policy(self, s3_store):
        apply_lifecycle(s3_store, POLICY)
        longer = RetentionPolicy(raw_days=60, aggregated_days=365)
        before = {item.prefix: item.is_applied for item in lifecycle_status(s3_store, longer)}
        assert before["raw/"] is False
        assert before["reports/"] is True
        assert all(item.is_applied for item in apply_lifecycle(s3_store, longer))

    @pytest.mark.parametrize("prefix", ["aggregated/", "", "aggregated/c1/"])
    def test_of_others_that_expire_objects_earlier_are_not_in_force(self, s3_store, prefix):
        apply_lifecycle(s3_store, POLICY)
        rules = s3_store.client.get_bucket_lifecycle_configuration(Bucket=s3_store.bucket)["Rules"]
        theirs = {
            "ID": "theirs",
            "Status": "Enabled",
            "Filter": {"Prefix": prefix},
            "Expiration": {"Days": 3},
        }
        s3_store.client.put_bucket_lifecycle_configuration(
            Bucket=s3_store.bucket, LifecycleConfiguration={"Rules": [*rules, theirs]}
        )
        found = {item.prefix: item.found_days for item in lifecycle_status(s3_store, POLICY)}
        assert found["aggregated/"] == 3
        assert found["reports/"] == (3 if prefix == "" else 365)
        with pytest.raises(ObjectStoreRefusedError, match="somebody else's expire them earlier"):
            apply_lifecycle(s3_store, POLICY)

    def test_of_others_are_left_alone(self, s3_store):
        theirs = {
            "ID": "theirs",
            "Status": "Enabled",
            "Filter": {"Prefix": "raw/"},
            "Expiration": {"Days": 400},
        }
        s3_store.client.put_bucket_lifecycle_configuration(
            Bucket=s3_store.bucket, LifecycleConfiguration={"Rules": [theirs]}
        )
        assert all(item.is_applied for item in apply_lifecycle(s3_store, POLICY))
        apply_lifecycle(s3_store, POLICY)
        answer = s3_store.client.get_bucket_lifecycle_configuration(Bucket=s3_store.bucket)
        ids = [rule["ID"] for rule in answer["Rules"]]
        assert ids[0] == "theirs"
        assert len(ids) == 12
        assert all(name.startswith(RULE_PREFIX) for name in ids[1:])


@dataclass(frozen=True, kw_only=True)
class OwnSeaweed:
    """A SeaweedFS of the test's own, with its administrator's shell."""

    store: S3ObjectStore
    ports: dict[str, int]
    folder: Path

    def shell(self, command: str) -> str:
        master, filer = (
            f"127.0.0.1:{self.ports[f'{part}.port']}.{self.ports[f'{part}.port.grpc']}"
            for part in ("master", "filer")
        )
        done = subprocess.run(
            [weed_executable(), "shell", f"-master={master}", f"-filer={filer}"],
            input=f"{command}\nexit\n",
            # The shell too is let in with the server's own certificate alone.
            cwd=next(self.folder.rglob("security.toml")).parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout + done.stderr

    def age(self, ages_days: Mapping[str, int]) -> None:
        """Make objects look as if they had last been written some days earlier."""
        saved = self.folder / "metadata"
        self.shell(f"fs.meta.save -o {saved} /buckets/{self.store.bucket}")
        written = {key: int(self.store.head(key).last_modified.timestamp()) for key in ages_days}
        expected = {key: written[key] - days * 86_400 for key, days in ages_days.items()}
        records = _records(saved.read_bytes())
        for key in ages_days:
            folder, _, name = key.rpartition("/")
            start = _field(1, f"/buckets/{self.store.bucket}/{folder}") + b"\x12"
            (at,) = (
                i for i, r in enumerate(records) if r.startswith(start) and _field(1, name) in r
            )
            # Field 2 of the attributes, as a varint: five bytes before and after.
            before, after = (b"\x10" + _varint(t) for t in (written[key], expected[key]))
            assert before in records[at]
            records[at] = records[at].replace(before, after)
        saved.write_bytes(b"".join(len(r).to_bytes(4, "big") + r for r in records))
        # The shell may leave before its last entry is loaded; the second time that is no matter.
        self.shell(f"fs.meta.load {saved}\nfs.meta.load {saved}")
        deadline = time.monotonic() + 10
        while (found := self._ages(ages_days)) != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == expected

    def _ages(self, keys: Iterable[str]) -> dict[str, int]:
        return {key: int(self.store.head(key).last_modified.timestamp()) for key in keys}

    def run_lifecycle(self) -> str:
        """Do now what the server's own worker does once a day."""
        address = f"127.0.0.1:{self.ports['s3.port.grpc']}"
        return self.shell(f"s3.lifecycle.run-shard -shards 0-15 -s3 {address} -runtime 5s")


def _records(saved: bytes) -> list[bytes]:
    """Take saved metadata apart: messages of protobuf, each after its length."""
    records, at = [], 0
    while at < len(saved):
        end = at + 4 + int.from_bytes(saved[at : at + 4], "big")
        records.append(saved[at + 4 : end])
        at = end
    return records


def _field(number: int, text: str) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(text)) + text.encode()


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


@pytest.fixture
def seaweed(state_folder: Path, engines) -> Iterator[OwnSeaweed]:
    given = {name: value for name, value in engines.items() if "POSTGRES" in name}
    with EmbeddedEngines(state_folder, environment=given) as own:
        store = S3ObjectStore.from_environment(own.start())
        ports = StateFolder(state_folder).running["ports"]
        by_flag = dict(zip(PORT_FLAGS, ports, strict=True))
        yield OwnSeaweed(store=store, ports=by_flag, folder=state_folder)


def test_the_server_expires_objects_at_the_age_of_the_rules_and_no_others(seaweed):
    ages_days = {
        "incoming/c1/x/results.jsonl": 31,
        "raw/c1/x.jsonl": 31,
        "quarantine/c1/x.jsonl": 31,
        "raw/c2/x.jsonl": 29,
        "aggregated/c1/summaries.jsonl": 31,
        "reports/c1/executive.md": 31,
        "aggregated/c0/summaries.jsonl": 366,
        "reports/c0/executive.md": 366,
        "reports/c2/executive.md": 364,
        "baselines/c0/kept.yaml": 366,
    }
    for key in ages_days:
        seaweed.store.write(key, key.encode())
    seaweed.age(ages_days)
    seaweed.store.write("raw/c3/new.jsonl", b"new")
    apply_lifecycle(seaweed.store, POLICY)
    said = seaweed.run_lifecycle()
    assert "complete" in said
    assert {item.key for item in seaweed.store.list("")} == {
        "raw/c2/x.jsonl",
        "raw/c3/new.jsonl",
        "aggregated/c1/summaries.jsonl",
        "reports/c1/executive.md",
        "reports/c2/executive.md",
        "baselines/c0/kept.yaml",
    }


class TestRows:
    @pytest.fixture
    def warehouse(self, any_warehouse_url) -> Iterator[Warehouse]:
        with Warehouse(any_warehouse_url) as warehouse:
            yield warehouse

    def store(self, warehouse: Warehouse, campaign: str, *, days_ago: float) -> None:
        ended = NOW - timedelta(days=days_ago)
        started = ended - timedelta(hours=2)
        record = a_record(campaign=campaign, started_at=started, ended_at=ended)
        warehouse.replace_runs(campaign, [record])
        warehouse.replace_summaries(campaign, [a_summary(campaign=campaign)])
        warehouse.replace_verdict(a_verdict([a_cell()], campaign=campaign, findings=(a_finding(),)))
        warehouse.record_delivery(campaign, "slack", "digest")

    def campaigns_in(self, warehouse: Warehouse, table: str) -> set[str]:
        query = f"SELECT campaign FROM {table}"
        return {k for (k,) in warehouse.run(lambda c: c.execute(query).fetchall())}

    def test_go_when_their_days_are_over(self, warehouse):
        ages_days = {"new": 1, "kept": 29.9, "raw-gone": 30.1, "month-gone": 75, "all-gone": 365.1}
        for campaign, days in ages_days.items():
            self.store(warehouse, campaign, days_ago=days)
        expected = expired_rows(warehouse, POLICY, now=NOW)
        assert expected.raw_campaigns == ("all-gone", "month-gone", "raw-gone")
        assert expected.aggregated_campaigns == ("all-gone",)
        assert expected.partitions == ("run_metrics_2025_11", "run_metrics_2026_09")
        assert self.campaigns_in(warehouse, "run_metrics") == ages_days.keys()

        assert remove_expired_rows(warehouse, POLICY, now=NOW) == expected
        for table in ("load_runs", "run_metrics"):
            assert self.campaigns_in(warehouse, table) == {"new", "kept"}
        for table in ("campaigns", "summaries", "verdicts", "findings", "deliveries"):
            assert self.campaigns_in(warehouse, table) == ages_days.keys() - {"all-gone"}
        again = remove_expired_rows(warehouse, POLICY, now=NOW)
        assert (again.raw_campaigns, again.aggregated_campaigns, again.partitions) == ((), (), ())

    def test_go_in_time_where_the_clock_of_a_runner_is_years_ahead(self, warehouse):
        """A campaign counts as stored on the day it is; its row says when that was."""
        wrong = [a_record(campaign="ahead", ended_at=datetime(2099, 1, 1, tzinfo=UTC))]
        warehouse.replace_runs("ahead", wrong)
        stored = datetime.now(UTC)
        assert expired_rows(warehouse, POLICY, now=stored + timedelta(days=30)) == ExpiredRows(
            raw_campaigns=(), aggregated_campaigns=(), partitions=()
        )
        later = expired_rows(warehouse, POLICY, now=stored + timedelta(days=32))
        assert later.raw_campaigns == ("ahead",)
        month_later = expired_rows(warehouse, POLICY, now=stored + timedelta(days=70))
        assert month_later.partitions == ("run_metrics_2026_11",)
        latest = expired_rows(warehouse, POLICY, now=stored + timedelta(days=367))
        assert latest.aggregated_campaigns == ("ahead",)

    def test_of_a_campaign_over_the_end_of_a_month_go_together(self, warehouse):
        moments = [datetime(2026, 9, 30, 23, tzinfo=UTC), datetime(2026, 10, 1, 1, tzinfo=UTC)]
        records = [
            a_record(run_id=str(n), campaign="c1", started_at=m, ended_at=m)
            for n, m in enumerate(moments)
        ]
        warehouse.replace_runs("c1", records)
        early = datetime(2026, 10, 31, 0, 30, tzinfo=UTC)
        assert remove_expired_rows(warehouse, POLICY, now=early).raw_campaigns == ()
        count = "SELECT count(DISTINCT run_id) FROM run_metrics"
        assert warehouse.run(lambda c: c.execute(count).fetchone()) == (2,)
        late = early + timedelta(hours=1)
        assert remove_expired_rows(warehouse, POLICY, now=late).raw_campaigns == ("c1",)
        assert warehouse.run(lambda c: c.execute(count).fetchone()) == (0,)

    def test_with_no_known_time_go_by_the_day_they_were_stored(self, warehouse):
        warehouse.replace_runs("c1", [a_record(campaign="c1", started_at=None, ended_at=None)])
        stored = warehouse.run(lambda c: c.execute("SELECT now()").fetchone())[0]
        soon, later = stored + timedelta(days=29), stored + timedelta(days=31)
        assert expired_rows(warehouse, POLICY, now=soon).raw_campaigns == ()
        assert remove_expired_rows(warehouse, POLICY, now=later).raw_campaigns == ("c1",)
        assert self.campaigns_in(warehouse, "run_metrics") == set()

    def test_of_messages_about_no_stored_campaign_go_a_year_after_they_were_sent(self, warehouse):
        warehouse.record_delivery("", "slack", "about a failed run")
        sent = datetime.now(UTC)
        self.store(warehouse, "kept", days_ago=(NOW - sent).total_seconds() / 86_400 - 300)
        for days, expected in ((364, {"", "kept"}), (366, {"kept"})):
            remove_expired_rows(warehouse, POLICY, now=sent + timedelta(days=days))
            assert self.campaigns_in(warehouse, "deliveries") == expected

    def test_can_be_stored_again_after_they_went(self, warehouse):
        self.store(warehouse, "c1", days_ago=75)
        remove_expired_rows(warehouse, POLICY, now=NOW)
        self.store(warehouse, "c1", days_ago=75)
        assert self.campaigns_in(warehouse, "run_metrics") == {"c1"}
