"""A deployment as docs/deploy.md makes it: generated secrets, few rights, real servers."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lm_assets.cli.platform.deployment_settings import write_deployment_settings
from lm_assets.gateways.dagster_services import DagsterHome
from lm_assets.gateways.engines.postgres import PostgresServer, wheel_executables
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets_tests.conftest import FAST_POSTGRES, PROJECT
from lm_assets_tests.integration.ended import end_for_certain
from lm_assets_tests.integration.own_servers import OwnObjectStore

POLICY = PROJECT / "deploy" / "bucket-policy.json"
USERS = ("lm-platform", "lm-runner", "lm-submit", "lm-dashboards")
SECRET_KEY = "a-secret-key-of-the-test"


@dataclass(frozen=True, kw_only=True)
class OwnDeployment:
    """Its settings, as files and as the environments of processes, and its two servers."""

    settings: Path
    home: Path
    administrator: Mapping[str, str]
    postgres: PostgresServer

    def environment(self, name: str) -> dict[str, str]:
        """Return one of the generated files of variables, with this test's addresses."""
        text = (self.settings / name).read_text(encoding="utf-8")
        text = text.replace("http://127.0.0.1:9000", self.administrator["LM_S3_ENDPOINT"])
        socket = quote(str(self.postgres.socket_directory), safe="")
        text = re.sub(r"@127\.0\.0\.1:5432/(\w+)", rf"@/\1?host={socket}", text)
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    @property
    def platform(self) -> dict[str, str]:
        return {
            **self.environment("platform.env"),
            "DAGSTER_HOME": str(self.home),
            "LM_CONFIG_DIR": str(PROJECT / "config"),
        }

    @property
    def everything(self) -> S3ObjectStore:
        """The bucket as its administrator sees it."""
        return S3ObjectStore.from_environment(self.administrator)

    def store(self, user: str) -> S3ObjectStore:
        """Return the bucket as one of the users sees it."""
        return S3ObjectStore.from_environment({**self.administrator, **keys_of(user)})

    def psql(self, database: str, *arguments: str) -> str:
        return program("psql", "--set", "ON_ERROR_STOP=1", *arguments, self.postgres.url(database))


def keys_of(user: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def program(name: str, *arguments: str) -> str:
    """Run one of Postgres' own programs."""
    done = subprocess.run(
        [wheel_executables() / name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def own_deployment(folder: Path) -> Iterator[OwnDeployment]:
    """Start both servers and set them up as an administrator does; nothing is prepared yet."""
    settings = folder / "settings"
    write_deployment_settings(settings)
    home = DagsterHome.prepare(folder / "state", project=PROJECT)
    store = OwnObjectStore(folder / "s3")
    postgres = PostgresServer(
        folder / "postgres", password="only-for-tests", settings=FAST_POSTGRES
    )
    process = postgres.launch()
    try:
        postgres.wait()
        made = OwnDeployment(
            settings=settings,
            home=home.directory,
            administrator=store.environment,
            postgres=postgres,
        )
        made.psql("postgres", "--file", str(settings / "databases.sql"))
        _make_users(store, made.environment("platform.env"))
        yield made
    finally:
        store.stop()
        end_for_certain(process, first=signal.SIGINT)


def _make_users(store: OwnObjectStore, platform: Mapping[str, str]) -> None:
    """Give the users keys and no rights; what they may do is said by the policy alone."""
    administrator = S3ObjectStore.from_environment(store.environment)
    keys = {user: (user, SECRET_KEY) for user in USERS}
    keys["lm-platform"] = (platform["AWS_ACCESS_KEY_ID"], platform["AWS_SECRET_ACCESS_KEY"])
    store.shell(
        *(
            f"s3.configure -user {user} -access_key {key} -secret_key {secret} -apply"
            for user, (key, secret) in keys.items()
        )
    )
    policy = json.dumps(json.loads(POLICY.read_text(encoding="utf-8")))
    administrator.client.put_bucket_policy(Bucket=administrator.bucket, Policy=policy)
