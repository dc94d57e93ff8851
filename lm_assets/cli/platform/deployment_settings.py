"""The settings of a new deployment, with secrets that nobody else has."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from lm_assets.gateways.configuration import SHIPPED
from lm_assets.model.errors import LmError

COMPOSE_EXAMPLE = Path("deploy") / ".env.example"
_PRIVATE = 0o600
_SECRET_BYTES = 24
# What compose.yaml refuses to start without; the webhook's secret is the receiver's to give.
_EMPTY_SECRET = re.compile(r"(?m)^(\w*(?:PASSWORD|ACCESS_KEY(?:_ID)?))=$")

_DATABASES = """\
-- Run once by an administrator of Postgres: psql --set ON_ERROR_STOP=1 --file databases.sql
-- Who writes, who may read, and who reads for dashboards and the exporter (docs/deploy.md).
CREATE ROLE lm_assets LOGIN PASSWORD '{LM_DB_PASSWORD}';
CREATE ROLE lm_reader NOLOGIN;
CREATE ROLE lm_dashboards LOGIN PASSWORD '{LM_READER_PASSWORD}' IN ROLE lm_reader;
CREATE DATABASE load_metrics OWNER lm_assets ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE dagster OWNER lm_assets ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE load_metrics FROM PUBLIC;
REVOKE ALL ON DATABASE dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE load_metrics TO lm_reader;
"""
_PLATFORM = """\
# The platform's own processes: systemd's EnvironmentFile, or a Secret of Kubernetes
# (kubectl create secret generic lm-assets --from-env-file=platform.env).
# A store that is there already has keys of its own: put them here.
LM_S3_ENDPOINT=http://127.0.0.1:9000
LM_S3_BUCKET=load-metrics
AWS_ACCESS_KEY_ID={AWS_ACCESS_KEY_ID}
AWS_SECRET_ACCESS_KEY={AWS_SECRET_ACCESS_KEY}
AWS_REGION=us-east-1
LM_POSTGRES_URL=postgresql://lm_assets:{LM_DB_PASSWORD}@127.0.0.1:5432/load_metrics
LM_DAGSTER_POSTGRES_URL=postgresql://lm_assets:{LM_DB_PASSWORD}@127.0.0.1:5432/dagster
LM_DAGSTER_URL=http://127.0.0.1:3000
"""
_READER = """\
# The exporter and dashboards: they read, and have no key of the bucket.
LM_POSTGRES_URL=postgresql://lm_dashboards:{LM_READER_PASSWORD}@127.0.0.1:5432/load_metrics
LM_DAGSTER_POSTGRES_URL=postgresql://lm_dashboards:{LM_READER_PASSWORD}@127.0.0.1:5432/dagster
"""


def write_deployment_settings(
    folder: Path, *, secret: Callable[[], str] = lambda: secrets.token_hex(_SECRET_BYTES)
) -> list[Path]:
    """Write the settings of compose, systemd and Kubernetes; each file is its owner's alone.

    Raises
    ------
    LmError
        Where one of them is there: nothing is overwritten, least of all a secret in use.
    """
    texts = {folder / name: text for name, text in _texts(secret).items()}
    if there := [str(path) for path in texts if path.exists()]:
        raise LmError(f"{', '.join(there)}: there already, and no secret is overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        # Private from its first byte, whatever the umask.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w") as file:
            file.write(text)
    return list(texts)


def _texts(secret: Callable[[], str]) -> Mapping[str, str]:
    example = (SHIPPED / COMPOSE_EXAMPLE).read_text(encoding="utf-8")
    made = {name: secret() for name in _EMPTY_SECRET.findall(example)}
    return {
        ".env": _EMPTY_SECRET.sub(lambda line: f"{line[1]}={made[line[1]]}", example),
        "platform.env": _PLATFORM.format_map(made),
        "reader.env": _READER.format_map(made),
        "databases.sql": _DATABASES.format_map(made),
    }
