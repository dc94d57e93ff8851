"""Fixtures for everyone: real data, real servers, and loud skips."""

import os
import secrets
import signal
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.databases import sibling_url
from lm_assets.gateways.engines.postgres import PostgresServer
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse.schema import migrate
from lm_assets_tests.integration.ended import end_for_certain

PROJECT = Path(__file__).parents[1]
# One seed for all workers, which inherit it: printed at the end, it tries the same inputs again.
FUZZ_SEED_VARIABLE = "LM_TEST_FUZZ_SEED"
os.environ.setdefault(FUZZ_SEED_VARIABLE, str(secrets.randbelow(2**32)))
SHARED_DATA_VARIABLE = "LM_TEST_SHARED_DATA"
DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")
# What a crash of the machine would lose does not matter here, and it is twice as fast.
FAST_POSTGRES = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
# The platform's own variables must not leak in from whoever runs the tests.
PLATFORM_PREFIXES = ("LM_", "AWS_", "DAGSTER_")

# A busy machine takes seconds for hypothesis' own first input; how long an input takes is told by
# benchmarks, never by a test.
hypothesis_settings.register_profile(
    "any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

hypothesis_settings.load_profile("any_machine")


@contextmanager
def own_database(server_url: str, *, template: str = "template0") -> Iterator[str]:
    """Make a database on a server, give its URL, and drop it in the end."""
    name = f"test_{uuid.uuid4().hex[:20]}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield sibling_url(server_url, name)
        finally:
            connection.execute(drop.format(sql.Identifier(name)))


COUNT = "count"


@pytest.fixture
def report_count(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a line of counts at the end of the whole test output."""

    def say(line: str) -> None:
        request.node.user_properties.append((COUNT, line))

    return say


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests on servers, or one worker would end with minutes of them alone."""
    items.sort(key=lambda item: item.get_closest_marker("integration") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was counted, and loudly what was not tested."""
    properties = [
        given
        for report in terminalreporter.stats.get("passed", [])
        if report.when == "call"
        for given in report.user_properties
    ]
    if counts := [line for name, line in properties if name == COUNT]:
        terminalreporter.section("FAULTS, each on real servers")
        for line in counts:
            terminalreporter.line(line)
    terminalreporter.line(f"fuzz: {FUZZ_SEED_VARIABLE}={os.environ[FUZZ_SEED_VARIABLE]}")
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = Counter(
        report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in skipped
    )
    terminalreporter.section(f"NOT TESTED: {len(skipped)} skipped", sep="!", red=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5d} × {reason}", red=True)


@pytest.fixture(autouse=True)
def _no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PLATFORM_PREFIXES) and name != SHARED_DATA_VARIABLE:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that this project did not make (marker ``external_data``)."""
    folder = Path(os.environ.get(SHARED_DATA_VARIABLE) or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no folder {folder} of external data; set {SHARED_DATA_VARIABLE}")
    return folder


@pytest.fixture
def state_folder() -> Iterator[Path]:
    """Folder for embedded engines of the test's own.

    Not below pytest's: every session of pytest makes that one private again, and as root Postgres
    runs as a user who must be able to pass through.
    """
    with tempfile.TemporaryDirectory(prefix="lm-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "state"


@pytest.fixture(scope="session")
def engines() -> Iterator[Mapping[str, str]]:
    """Environment of a real SeaweedFS and a real Postgres 18, one pair for the whole session."""
    with (
        tempfile.TemporaryDirectory(prefix="lm-test-") as folder,
        EmbeddedEngines(Path(folder), environment={}, postgres_settings=FAST_POSTGRES) as embedded,
    ):
        yield embedded.start()


@pytest.fixture
def s3_environment(engines: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """``LM_S3_*`` and ``AWS_*`` of a bucket of the test's own."""
    environment = {k: v for k, v in engines.items() if "POSTGRES" not in k}
    environment["LM_S3_BUCKET"] = f"test-{uuid.uuid4().hex[:20]}"
    store = S3ObjectStore.from_environment(environment)
    store.ensure_bucket()
    yield environment
    # SeaweedFS gives each bucket volumes of its own and has a limited number of them; it takes the
    # objects away with the bucket.
    store.client.delete_bucket(Bucket=store.bucket)


@pytest.fixture
def s3_store(s3_environment: Mapping[str, str]) -> S3ObjectStore:
    """Real object store with a bucket of the test's own."""
    retry = RetryPolicy(attempts=3, first_delay_s=0.05)
    return S3ObjectStore.from_environment(s3_environment, retry=retry)


@pytest.fixture
def empty_database(engines: Mapping[str, str]) -> Iterator[str]:
    """URL of an empty Postgres 18 database of the test's own."""
    with own_database(engines["LM_POSTGRES_URL"], template="template0") as url:
        yield url


@pytest.fixture(scope="session")
def debian_postgres_url() -> Iterator[str]:
    """Server URL of Debian's Postgres 15, the oldest version that is supported."""
    if not (DEBIAN_POSTGRES / "postgres").exists():
        pytest.skip(f"no {DEBIAN_POSTGRES}/postgres: apt-get install postgresql-15")
    with tempfile.TemporaryDirectory(prefix="lm-test-") as folder:
        Path(folder).chmod(0o711)
        server = PostgresServer(
            Path(folder) / "postgres",
            password="only-for-tests",
            executables=DEBIAN_POSTGRES,
            settings=FAST_POSTGRES,
        )
        process = server.launch()
        try:
            server.wait()
            yield server.url("postgres")
        finally:
            end_for_certain(process, first=signal.SIGINT)


def _migrated_template(server_url: str) -> Iterator[tuple[str, str]]:
    with own_database(server_url) as url:
        migrate(url)
        yield sibling_url(url, "postgres"), urlsplit(url).path.lstrip("/")


@pytest.fixture(scope="session")
def _template_18(engines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from _migrated_template(engines["LM_POSTGRES_URL"])


@pytest.fixture(scope="session")
def _template_15(debian_postgres_url: str) -> Iterator[tuple[str, str]]:
    yield from _migrated_template(debian_postgres_url)


@pytest.fixture
def warehouse_url(_template_18: tuple[str, str]) -> Iterator[str]:
    """URL of a migrated, empty Postgres 18 warehouse of the test's own."""
    server, template = _template_18
    with own_database(server, template=template) as url:
        yield url


@pytest.fixture(params=["postgres_15", "postgres_18"])
def any_warehouse_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """As `warehouse_url`, on the oldest and on the newest supported Postgres."""
    number = request.param.removeprefix("postgres")
    server, template = request.getfixturevalue(f"_template{number}")
    with own_database(server, template=template) as url:
        yield url


@pytest.fixture(params=["postgres_15", "postgres_18"])
def any_empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """As `empty_database`, on the oldest and on the newest supported Postgres."""
    if request.param == "postgres_15":
        server = request.getfixturevalue("debian_postgres_url")
    else:
        server = request.getfixturevalue("engines")["LM_POSTGRES_URL"]
    with own_database(server) as url:
        yield url


@pytest.fixture
def service_environment(
    s3_environment: Mapping[str, str], empty_database: str
) -> Iterator[dict[str, str]]:
    """Every variable of a real bucket, warehouse and Dagster database of the test's own."""
    with own_database(empty_database, template="template0") as dagster:
        yield {
            **s3_environment,
            "LM_POSTGRES_URL": empty_database,
            "LM_DAGSTER_POSTGRES_URL": dagster,
        }
