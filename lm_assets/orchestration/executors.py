"""Where the steps of a campaign run that has more to read than one process should.

A deployment says by ``LM_EXECUTOR`` what it has: one process, as many as the machine has cores, or
a pod a step. It is asked when a run starts, so that one code location serves all of them.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg

from lm_assets.model.errors import ConfigurationError

EXECUTOR_VARIABLE = "LM_EXECUTOR"
IN_PROCESS = "in_process"
_STEPS_AT_A_TIME = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardLimit:
    """How many bytes of event logs one process reads; None is: whatever there is."""

    shard_bytes: int | None = None

    def is_exceeded_by(self, event_log_bytes: int) -> bool:
        """Tell whether a campaign with so many bytes of event logs is read in shards."""
        return self.shard_bytes is not None and event_log_bytes > self.shard_bytes


def executor_name(environment: Mapping[str, str]) -> str:
    """Return what the environment calls the executor of large campaigns.

    Raises
    ------
    ConfigurationError
        Where it is none that there is.
    """
    name = environment.get(EXECUTOR_VARIABLE) or IN_PROCESS
    if name not in _EXECUTORS:
        rule = f"must be one of {', '.join(_EXECUTORS)}, got {name!r}"
        raise ConfigurationError(file="the environment", path=EXECUTOR_VARIABLE, rule=rule)
    return name


def is_distributed(environment: Mapping[str, str]) -> bool:
    """Tell whether this deployment runs the steps of one run in several processes."""
    return executor_name(environment) != IN_PROCESS


@dg.executor(name="of_the_deployment", requirements=dg.multiprocess_executor.get_requirements({}))
def deployment_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Executor that the deployment names; a step that fails is tried again alone."""
    definition, config = _EXECUTORS[executor_name(os.environ)]()
    create = definition.executor_creation_fn
    if create is None:
        raise TypeError(f"{definition.name} cannot be created in this process")
    return create(
        dg.InitExecutorContext(
            job=context.job,
            executor_def=definition,
            executor_config={"retries": {"enabled": {}}, **config},
            instance=context.instance,
        )
    )


def _in_process() -> tuple[dg.ExecutorDefinition, dict[str, object]]:
    return dg.in_process_executor, {}


def _processes() -> tuple[dg.ExecutorDefinition, dict[str, object]]:
    preloaded = {"forkserver": {"preload_modules": ["lm_assets.definitions"]}}
    return dg.multiprocess_executor, {"start_method": preloaded}


def _pods() -> tuple[dg.ExecutorDefinition, dict[str, object]]:
    # The client of Kubernetes takes a second to import, and is nothing for any other deployment.
    from dagster_k8s import k8s_job_executor  # noqa: PLC0415

    return k8s_job_executor, {"max_concurrent": _STEPS_AT_A_TIME}


_EXECUTORS: Mapping[str, Callable[[], tuple[dg.ExecutorDefinition, dict[str, object]]]] = {
    IN_PROCESS: _in_process,
    "multiprocess": _processes,
    "kubernetes": _pods,
}
