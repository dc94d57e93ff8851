"""Dagster's own part of a deployment: its storage, and whether its daemons are alive."""

import os
from pathlib import Path

from lm_assets.gateways.health.diagnosis import Diagnosis, Health, diagnose
from lm_assets.model.errors import LmError
from lm_assets.orchestration.executors import executor_name
from lm_assets.orchestration.instance import open_instance


def dagster_diagnoses(home: Path | None) -> list[Diagnosis]:
    """Return how the instance of DAGSTER_HOME is, and which of its daemons are not alive."""
    executor = diagnose(
        "Dagster, executor",
        lambda: f"{executor_name(os.environ)} for campaigns with large event logs",
        advice="set LM_EXECUTOR to one of these, or leave it out",
    )
    if home is None:
        return [
            executor,
            Diagnosis(
                what="Dagster",
                health=Health.FAILED,
                found="DAGSTER_HOME is not set",
                advice="set it to a folder with dagster.yaml; `lm serve` keeps it in .lm/dagster",
            ),
        ]
    storage = diagnose(
        "Dagster, storage",
        lambda: _storage(home),
        advice="set DAGSTER_HOME and LM_DAGSTER_POSTGRES_URL; for its tables run: lm prepare",
    )
    daemons = [_daemons(home)] if storage.health is Health.OK else []
    return [executor, storage, *daemons]


def _storage(home: Path) -> str:
    with open_instance(home) as instance:
        try:
            runs = instance.get_runs_count()
        except Exception as error:
            # Of the driver's many classes; their texts may quote the URL.
            raise LmError(
                f"Dagster's tables cannot be read ({type(error).__name__}): not made yet, or of "
                "another version"
            ) from error
    return f"{runs} runs are recorded"


def _daemons(home: Path) -> Diagnosis:
    what = "Dagster, daemons"
    with open_instance(home) as instance:
        statuses = instance.get_daemon_statuses()
    dead = sorted(n for n, status in statuses.items() if status.required and not status.healthy)
    if not dead:
        return Diagnosis(what=what, health=Health.OK, found=f"{len(statuses)} are alive")
    return Diagnosis(
        what=what,
        health=Health.WARNING,
        found=f"no sign of life from {', '.join(dead)}",
        advice="start: dagster-daemon run; until then nothing starts by itself",
    )
