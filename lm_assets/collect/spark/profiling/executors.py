"""The executors of an application: where they are, and how long their tasks took."""

from dataclasses import dataclass, field

from lm_assets.collect.spark.profiling.stage_sums import StageSums
from lm_assets.model.application_profile import ExecutorProfile

_MOST_EXECUTORS = 200


@dataclass(slots=True)
class _Executor:
    host: str
    cores: int = 0
    tasks: int = 0
    run_time_ms: int = 0
    expected_ms: float = 0.0


@dataclass(slots=True)
class WorkedExecutors:
    """Executors by their id, as far as a profile has room for them."""

    by_id: dict[str, _Executor] = field(default_factory=dict)

    def announce(self, executor_id: str, host: str, cores: int) -> None:
        """Note an executor that came."""
        if len(self.by_id) < _MOST_EXECUTORS:
            self.by_id.setdefault(executor_id, _Executor(host)).cores = cores

    def meet(self, executor_id: str, host: str) -> None:
        """Note an executor that a task ran on, whether it was announced or not."""
        if executor_id not in self.by_id and len(self.by_id) < _MOST_EXECUTORS:
            self.by_id[executor_id] = _Executor(host)

    def add(self, sums: StageSums) -> None:
        """Add a stage's tasks, and the time that as many of its tasks take on average."""
        tasks = sum(count for count, _ in sums.by_executor.values())
        run_time_ms = sum(run_ms for _, run_ms in sums.by_executor.values())
        for executor_id, (count, run_ms) in sums.by_executor.items():
            if (executor := self.by_id.get(executor_id)) is not None:
                executor.tasks += count
                executor.run_time_ms += run_ms
                executor.expected_ms += run_time_ms * count / tasks

    def profiles(self) -> tuple[ExecutorProfile, ...]:
        """Return what is known of each."""
        return tuple(
            ExecutorProfile(
                executor_id=executor_id,
                host=executor.host,
                cores=executor.cores,
                tasks=executor.tasks,
                run_time_ms=executor.run_time_ms,
                expected_ms=round(executor.expected_ms, 1),
            )
            for executor_id, executor in self.by_id.items()
        )
