"""The embedded platform that `lm demo` and `lm serve` start: engines, tables, configuration."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.warehouse import Warehouse

_PRIVATE = 0o600


def start_engines(engines: EmbeddedEngines, *, state: Path, configuration: Path) -> Path:
    """Start the engines, make the tables, and put everything into this process's environment.

    Returns
    -------
    Path
        A file, readable by its owner only, that gives a shell the same environment and puts ``lm``
        on its ``PATH``.
    """
    environment = {
        **engines.start(),
        "LM_CONFIG_DIR": str(configuration.resolve()),
        "DAGSTER_HOME": str((state / "dagster").resolve()),
    }
    os.environ.update(environment)
    with Warehouse.from_environment(os.environ) as warehouse:
        warehouse.migrate()
    return _write_environment(state / "env", environment)


def _write_environment(path: Path, environment: Mapping[str, str]) -> Path:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(
            f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items())
        )
        file.write(f'export PATH={shlex.quote(os.fspath(Path(sys.executable).parent))}:"$PATH"\n')
    return path
