"""One campaign run in a process of its own, which kills itself at a chosen point or is killed.

Points are counted over everything that leaves the process: just after each object written or
deleted and each transaction. Just before one is, seen from outside, just after another.
"""

import os
import signal
from collections.abc import Callable, Mapping
from functools import wraps
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import dagster as dg

from lm_assets.definitions import build_definitions
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT

# Made once in the process that all the runs are forked from.
CONFIGURATION = PROJECT / "config"
_JOB = build_definitions(load_configuration(CONFIGURATION).matrix).resolve_job_def("campaign_job")
with dg.DagsterInstance.ephemeral():
    pass  # Dagster imports its storage only now: most of a second.
_OUTWARD = (
    (S3ObjectStore, "write"),
    (S3ObjectStore, "delete"),
    (Warehouse, "replace_runs"),
    (Warehouse, "replace_summaries"),
    (Warehouse, "replace_verdict"),
)


class KillPoints:
    """Counts points where others can see it, and kills this process at one of them at once."""

    def __init__(self, kill_at: int | None, passed: "Synchronized[int]") -> None:
        self._passed = passed
        self._kill_at = kill_at

    def point(self) -> None:
        """Pass one point, or do not. Objects are written by several threads."""
        with self._passed.get_lock():
            self._passed.value += 1
            if self._passed.value == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method with a point after it."""

        @wraps(method)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            result = method(*arguments, **named)
            self.point()
            return result

        return wrapped


def run_campaign(
    campaign: str,
    environment: Mapping[str, str],
    kill_at: int | None,
    passed: "Synchronized[int]",
) -> None:
    """Run the campaign job; ``passed`` is 0 when it begins and then the points behind it."""
    os.environ.update({"LM_CONFIG_DIR": str(CONFIGURATION), **environment})
    points = KillPoints(kill_at, passed)
    for owner, name in _OUTWARD:
        setattr(owner, name, points.around(getattr(owner, name)))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("campaign", [campaign])
        passed.value = 0
        _JOB.execute_in_process(
            instance=instance,
            partition_key=campaign,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
