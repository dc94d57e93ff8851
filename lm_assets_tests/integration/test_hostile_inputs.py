"""One platform, hostile inputs, servers that give away what they are told: nothing is lost or told.

Six inputs that once cost a campaign its verdict come as whole campaigns under the real daemon.
Meanwhile every server that the platform talks to answers with the credentials it was given, and no
channel takes a message. What anybody can read afterwards holds none of them.
"""

import base64
import gzip
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from psycopg import sql
from pypdf import PdfReader

from lm_assets.gateways.baseline_file.file import content_digest, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import REPORT_NAMES
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.verdict import Verdict
from lm_assets_tests.conftest import FAST_POSTGRES, PROJECT
from lm_assets_tests.fakes.http_server import Answer, FakeServer, Request, serving
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.fuzz.one_of_fifty import COMBINATION, OTHERS, RUNS, baselines
from lm_assets_tests.fuzz.test_campaigns import HISTORY, LABELS
from lm_assets_tests.integration.killable_platform import KillablePlatform
from lm_assets_tests.integration.own_servers import OwnObjectStore, OwnPostgres
from lm_assets_tests.integration.result_files import STARTED, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

NAMES = (
    *("postgres", "s3", "prometheus", "prometheus_path", "history", "history_path", "slack"),
    *("webhook", "webhook_path", "webhook_query", "signature"),
)
SLOW = OTHERS[0]
JUDGED = {Verdict.UNCHANGED, Verdict.INCONCLUSIVE, Verdict.IMPROVED, Verdict.REGRESSED}


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """The fiftieth run of a campaign: its line, what lies beside it, and what must be said."""

    said: str
    fields: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def line(self) -> str:
        made = json.loads(result_line(COMBINATION, 1, 60.1))
        return json.dumps({**made, **self.fields})


def inputs() -> dict[str, Hostile]:
    log = eventful_application("app-1")
    settings: list[dict[str, Any]] = eventful_application("app-1")
    settings[1]["Spark Properties"]["spark.executor.memory"] = "9" * 5_000
    rolled = ("events_1_app-1", "events_1000000000_app-1")
    return {
        "nightly-2026-11-22-figure": Hostile(
            fields={"duration_sec": 1e155}, said="out_of_range: duration_sec: 1e+155"
        ),
        "nightly-2026-11-22-prometheus": Hostile(
            fields={"namespace": "load-42"}, said="prometheus: "
        ),
        "nightly-2026-11-22-setting": Hostile(
            files={"eventlog/app-1": event_lines(*settings)},
            said="executor memory setting not readable",
        ),
        "nightly-2026-11-22-rolled": Hostile(
            files={f"eventlog/{name}": event_lines(*log) for name in rolled},
            fields={"namespace": "refused"},
            said="999999998 of the rolled files missing",
        ),
        "nightly-2026-11-22-pages": Hostile(
            fields={"spark_app_id": "app-1"}, said="it ignores the offset"
        ),
        "nightly-2026-11-22-members": Hostile(
            files={"eventlog/app-1.gz": gzip.compress(b"") * 20_000},
            fields={"spark_app_id": "app-refused"},
            said="event_log_empty",
        ),
    }


def gives_away(request: Request) -> bytes:
    """Return what a server was told, credentials and all."""
    return json.dumps({"error": request.target, **request.headers}).encode()


def answer(request: Request) -> Answer:
    """Answer as a broken or malicious server: NaN, pages without end, or all that it was told."""
    told = gives_away(request)
    if "refused" in request.target + request.body:
        return Answer(status=403, body=told, headers={"Location": told.decode()})
    if "query_range" in request.target:
        at = STARTED.timestamp() + 90.0
        series = [{"metric": LABELS, "values": [[at, "NaN"], [1e300, "1e308"]]}]
        body = {"status": "success", "data": {"resultType": "matrix", "result": series}}
        return Answer(body=json.dumps(body).encode())
    path = request.target.partition("?")[0]
    if "/applications/" in path:
        rows = {**HISTORY, "taskList": TASKS}.get(path.rsplit("/", 1)[-1], [])
        return Answer(body=json.dumps(rows).encode())
    return Answer(status=403, body=told)


TASKS = [{**HISTORY["taskList"][0], "taskId": number} for number in range(5_000)]


@dataclass
class CommandLines:
    """The command lines of all processes that were there at some moment, as anybody sees them."""

    seen: set[bytes] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "CommandLines":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    self.seen.add(file.read_bytes())


@dataclass
class HostilePlace:
    """A running platform among hostile servers, and everything that it was trusted with."""

    platform: KillablePlatform
    known: dict[str, str] = field(repr=False)
    server: FakeServer = field(repr=False)
    command_lines: CommandLines = field(repr=False)

    @property
    def bucket(self) -> CampaignBucket:
        return CampaignBucket(S3ObjectStore.from_environment(self.platform.environment))

    def told_in(self, content: bytes) -> list[str]:
        """Return which secrets a content gives away, plain or as HTTP sends them."""
        return [
            name
            for name, secret in self.known.items()
            if secret.encode() in content
            or base64.b64encode(f"{name}:{secret}".encode()) in content
        ]

    def lm(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command as somebody does who has one setting wrong."""
        program = "import sys; from lm_assets.cli.main import main; main(sys.argv[1:])"
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env={**self.platform.environment, **changed},
            capture_output=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def place() -> Iterator[HostilePlace]:
    known = {name: f"geheim{secrets.token_hex(8)}" for name in NAMES}
    with (
        tempfile.TemporaryDirectory(prefix="lm-test-") as name,
        serving(answer) as server,
        CommandLines() as command_lines,
    ):
        folder = Path(name)
        folder.chmod(0o711)
        at = server.url.removeprefix("http://")
        more = {
            "LM_CONFIG_DIR": str(configured(folder)),
            "LM_PROMETHEUS_URL": (
                f"http://prometheus:{known['prometheus']}@{at}/{known['prometheus_path']}"
            ),
            "LM_HISTORY_SERVER_URL": (
                f"http://history:{known['history']}@{at}/{known['history_path']}"
            ),
            "LM_SLACK_WEBHOOK_URL": f"{server.url}/services/{known['slack']}",
            "LM_WEBHOOK_URL": (
                f"http://webhook:{known['webhook']}@{at}/{known['webhook_path']}"
                f"?token={known['webhook_query']}"
            ),
            "LM_WEBHOOK_SECRET": known["signature"],
            "TMPDIR": str(folder),
        }
        servers = {
            "postgres": OwnPostgres(
                folder / "postgres", settings=FAST_POSTGRES, password=known["postgres"]
            ),
            "object_store": OwnObjectStore(folder / "s3", password=known["s3"]),
        }
        with KillablePlatform(folder, more=more, **servers) as platform:
            platform.start_daemon()
            yield HostilePlace(
                platform=platform, known=known, server=server, command_lines=command_lines
            )


def configured(folder: Path) -> Path:
    """Return a configuration with baselines of sound runs."""
    configuration = folder / "config"
    (configuration / "baselines").mkdir(parents=True)
    for file in (PROJECT / "config").glob("*.yaml"):
        (configuration / file.name).write_bytes(file.read_bytes())
    path = load_configuration(configuration).baselines_path
    write_catalogue(path, baselines(), content_digest(path))
    return configuration


def land(bucket: CampaignBucket, campaign: str, hostile: Hostile) -> None:
    """Deliver fifty runs: one hostile, and one combination that got slower."""
    place = f"incoming/{campaign}"
    for combination in (COMBINATION, *OTHERS):
        usual = 90.0 if combination == SLOW else 60.0
        lines = [result_line(combination, run, usual + 0.1 * run) for run in range(1, 6)]
        if combination == COMBINATION:
            lines[0] = hostile.line
        bucket.store.write(f"{place}/{combination}/results.jsonl", "\n".join(lines).encode())
    for name, content in hostile.files.items():
        bucket.store.write(f"{place}/{COMBINATION}/run-1/{name}", content)
    bucket.store.write(f"{place}/_SUCCESS", b"")


@pytest.fixture(scope="module")
def judged(place: HostilePlace) -> dict[str, Hostile]:
    """Every hostile input in its campaign, each of which has ended well after one run."""
    began = time.time()
    hostile = inputs()
    for campaign, one in hostile.items():
        land(place.bucket, campaign, one)
    for campaign in hostile:
        assert len(place.platform.ended_well(campaign, since=began)) == 1, campaign
    return hostile


def test_each_campaign_ends_with_a_verdict_of_its_other_runs_and_names_the_fiftieth(
    place: HostilePlace, judged: dict[str, Hostile], report_count: Callable[[str], None]
):
    for campaign, one in judged.items():
        verdict = campaign_verdict(place.bucket.verdict_rows(campaign))
        durations = [cell for cell in verdict.cells if cell.metric == "duration_s"]
        assert {cell.combination for cell in durations} == {COMBINATION, *OTHERS}, campaign
        assert {cell.verdict for cell in durations} <= JUDGED, campaign
        assert sum(cell.n_current for cell in durations) >= RUNS - 1, campaign
        assert verdict.verdict is Verdict.REGRESSED, campaign
        assert one.said in said_of(place.bucket, campaign), campaign
        assert all(place.bucket.report(campaign, name) for name in REPORT_NAMES)
    report_count(f"{len(judged)} hostile inputs, each one run of fifty: every campaign judged")


def said_of(bucket: CampaignBucket, campaign: str) -> str:
    """Return everything that is said of the hostile run."""
    refused = [f"{line.rule}: {line.detail}" for line in bucket.quarantine(campaign)]
    records = [
        f"{record.missing} {record.extra}"
        for record in bucket.records(campaign)
        if (record.combination, record.run_id) == (COMBINATION, "run-1")
    ]
    return "\n".join([*refused, *records])


@pytest.mark.usefixtures("judged")
def test_no_place_that_anybody_reads_holds_a_secret(
    place: HostilePlace, report_count: Callable[[str], None]
):
    asked = [request.target for request in place.server.requests]
    for name in ("prometheus_path", "history_path", "slack", "webhook_path"):
        assert any(place.known[name] in target for target in asked), f"{name} was never used"
    wrong = f"geheim{secrets.token_hex(8)}"
    place.known["wrong"] = wrong
    commands = [
        place.lm("doctor", LM_PROMETHEUS_URL=f"http://u:{wrong}/x@127.0.0.1:9"),
        place.lm("alerts", "list", LM_POSTGRES_URL=with_password(place, wrong)),
        place.lm("campaigns", AWS_SECRET_ACCESS_KEY=wrong),
    ]
    assert 0 not in [ended.returncode for ended in commands]
    looked_at, found = 0, {}
    for where, content in everything(place, commands):
        looked_at += 1
        if told := place.told_in(content):
            found[where] = told, excerpt(content, [place.known[name] for name in told])
    assert found == {}
    report_count(f"{len(place.known)} secrets, {looked_at} places looked at: found in none")


def excerpt(content: bytes, secrets_: list[str]) -> str:
    """Return what stands around the first secret of a content, to see who wrote it."""
    text = content.decode(errors="replace")
    at = min((text.find(secret) for secret in secrets_ if secret in text), default=0)
    return text[max(0, at - 150) : at + 60]


def with_password(place: HostilePlace, password: str) -> str:
    return place.platform.postgres.url.replace(place.known["postgres"], password)


def everything(
    place: HostilePlace, commands: list[subprocess.CompletedProcess[bytes]]
) -> Iterator[tuple[str, bytes]]:
    """Give all that somebody can read of the platform, by where it is."""
    for ended in commands:
        yield str(ended.args[3:]), ended.stdout + ended.stderr
    for folder in (place.platform.logs, place.platform.home):
        for file in folder.rglob("*"):
            if file.is_file():
                yield str(file), file.read_bytes()
    for trace in place.platform.home.parents[1].glob("lm-trace-*"):
        yield str(trace), trace.read_bytes()
    store = place.bucket.store
    for item in store.list(""):
        yield item.key, plain(item.key, store.read(item.key))
    for url in (
        place.platform.environment["LM_POSTGRES_URL"],
        place.platform.environment["LM_DAGSTER_POSTGRES_URL"],
    ):
        yield from rows_of(url)
    for line in place.command_lines.seen:
        yield "process list", line
    for request in place.server.requests:
        yield "message", request.body.encode()


def plain(key: str, content: bytes) -> bytes:
    """Return what a reader sees of an object."""
    if key.endswith(".pdf"):
        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).encode()
    return zstandard.decompress(content) if key.endswith(".zst") else content


def rows_of(url: str) -> Iterator[tuple[str, bytes]]:
    """Give every value of every table; Dagster packs some of them."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            select = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            for row in connection.execute(select):
                yield f"table {table}", b"\x00".join(map(as_read, row))


def as_read(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    with suppress(zlib.error):
        return zlib.decompress(value)
    return value
