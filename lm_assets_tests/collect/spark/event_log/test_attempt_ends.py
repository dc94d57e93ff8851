"""Whole logs, every line of which can be read, that say what cannot be so."""

import pytest

from lm_assets.collect.source_answers import SourceAnswer
from lm_assets.collect.spark.sources import ask_event_log
from lm_assets.model.provenance import is_at_least
from lm_assets_tests.collect.spark.event_log.damaged_logs import part_of
from lm_assets_tests.fakes.spark_events import (
    EXCEPTION,
    KILLED,
    T0,
    application_end,
    application_start,
    environment,
    executor_added,
    executor_removed,
    job_end,
    job_start,
    log_start,
    stage_completed,
    stage_submitted,
    task_end,
    task_start,
)

COSTS = {"cpu": 500_000_000, "run": 900, "gc": 90, "spilled": 10, "written": 1_000}
SHUT_DOWN = "Job 0 cancelled because SparkContext was shut down"


def end(task: int, at: int = T0 + 2_000, ms: int = 1_000, reason=None, **more):
    return task_end(0, task, at, ms, reason, heap=500, metrics={**COSTS, **more})


def log(*ends, begun: int = 5, tail=(), started=T0, ended=T0 + 9_000):
    """Four tasks of a stage, one of which failed and was tried again."""
    return [
        log_start(),
        environment("app-1", spark_executor_memory="1g", spark_executor_cores="4"),
        application_start("app-1", started),
        executor_added("1", T0 + 500),
        job_start(0, [0], T0 + 1_000),
        stage_submitted(0, T0 + 1_000),
        *(task_start(0, task, T0 + 2_000) for task in range(begun)),
        *ends,
        stage_completed(0, T0 + 4_000),
        job_end(0, T0 + 4_000),
        application_end(ended),
        *tail,
    ]


def whole():
    return [end(0), end(1, reason=EXCEPTION), end(2), end(3), end(4)]


def answered(*events) -> SourceAnswer:
    return ask_event_log([part_of(*events)])


def doubts(answer: SourceAnswer, metric: str) -> str:
    """What keeps a metric from being a plain figure; empty where nothing does."""
    said = answer.measurements
    if metric in said.missing:
        return said.missing[metric]
    provenance = said.provenance[metric]
    return provenance if is_at_least(provenance) else ""


OF_TASKS = ["failed_tasks", "cpu_core_seconds", "gc_time_pct", "shuffle_spill_pct"]
OF_TIMES = ["duration_s", "cpu_usage_pct", "throughput_rows_s", "memory_gib_seconds"]
OTHERS = ["failed_stages", "failed_jobs"]


def test_a_log_that_agrees_with_itself_has_plain_figures():
    answer = answered(*log(*whole()))
    assert [m for m in (*OF_TASKS, *OF_TIMES, *OTHERS, "latency_p95_ms") if doubts(answer, m)] == []
    assert answer.measurements.values["failed_tasks"] == 1.0
    assert answer.measurements.values["cpu_core_seconds"] == 2.5


class TestAnEndThatStandsTwice:
    @pytest.fixture
    def answer(self):
        return answered(*log(*whole(), end(1, reason=EXCEPTION), begun=6))

    @pytest.mark.parametrize("metric", [*OF_TASKS, "latency_p50_ms"])
    def test_leaves_no_plain_figure_of_tasks(self, answer, metric):
        assert "1 task attempt ended more than once in the log" in doubts(answer, metric)

    def test_counts_once(self, answer):
        values = answer.measurements.values
        assert (values["failed_tasks"], values["cpu_core_seconds"]) == (1.0, 2.5)

    @pytest.mark.parametrize("metric", [*OTHERS, "duration_s"])
    def test_costs_nothing_that_does_not_rest_on_it(self, answer, metric):
        assert doubts(answer, metric) == ""

    def test_after_a_lost_executor_is_none(self):
        again = end(0, reason={"Reason": "Resubmitted"})
        assert doubts(answered(*log(*whole(), again)), "failed_tasks") == ""


class TestAnAbsentEnd:
    @pytest.mark.parametrize("metric", OF_TASKS)
    def test_of_a_failure_that_began_leaves_no_plain_figure(self, metric):
        without = [e for e in whole() if e["Task End Reason"]["Reason"] == "Success"]
        assert "1 task attempt began or succeeded without" in doubts(
            answered(*log(*without)), metric
        )

    @pytest.mark.parametrize("metric", OF_TASKS)
    def test_of_a_success_is_missed_by_the_stage(self, metric):
        """A log that was filtered has no starts: the stage still says how many tasks it had."""
        answer = answered(*log(*whole()[:-1], begun=0))
        assert "1 task attempt began or succeeded without" in doubts(answer, metric)

    def test_in_a_later_attempt_of_the_stage_may_be_a_stragglers(self):
        """What the second attempt was to do, tasks of the first may do yet."""
        again = [stage_submitted(0, T0 + 4_000, 1), stage_completed(0, T0 + 5_000, 1)]
        events = log(*whole())
        assert doubts(answered(*events[:-2], *again, *events[-2:]), "failed_tasks") == ""


def failed_stage(times: int):
    why = f"Job aborted due to stage failure: Task 1 in stage 0.0 failed {times} times, most recent"
    return stage_completed(0, T0 + 4_000, failure=why)


def took(*, run: int, cpu: int, attempt: int = 0):
    """The end of a stage that adds up what its attempts took."""
    sums = [
        {"ID": 1, "Name": "internal.metrics.executorRunTime", "Value": run},
        {"ID": 2, "Name": "internal.metrics.executorCpuTime", "Value": cpu},
        {"ID": 3, "Name": "number of output rows", "Value": "12"},
    ]
    event = stage_completed(0, T0 + 4_000, attempt)
    event["Stage Info"]["Accumulables"] = sums
    return event


class TestAnAbsentEndInALogWithoutStarts:
    """Nothing counts the attempts of such a log; what later attempts and stages say does."""

    @staticmethod
    def answered(*ends, stage=None):
        events = log(*ends, begun=0)
        events[-3] = stage or events[-3]
        return answered(*events)

    @staticmethod
    def again(task: int, *, index: int, attempt: int, reason=None):
        event = end(task, reason=reason)
        event["Task Info"] |= {"Index": index, "Attempt": attempt}
        return event

    @pytest.mark.parametrize("metric", [*OF_TASKS, "latency_p50_ms"])
    def test_of_a_first_attempt_is_missed_by_the_second(self, metric):
        ends = [end(0), end(2), end(3), self.again(4, index=1, attempt=1)]
        assert "1 task attempt began or succeeded without" in doubts(self.answered(*ends), metric)

    def test_of_two_attempts_is_missed_by_the_last(self):
        ends = [end(0), end(2), end(3), self.again(6, index=1, attempt=2)]
        assert "2 task attempts began" in doubts(self.answered(*ends), "failed_tasks")

    def test_between_the_attempts_of_a_stage_that_failed_is_missed_by_the_last(self):
        ends = [end(0), self.again(6, index=1, attempt=2, reason=EXCEPTION)]
        failed = stage_completed(0, T0 + 4_000, failure="boom")
        assert "1 task attempt began" in doubts(self.answered(*ends, stage=failed), "failed_tasks")

    def test_is_none_where_each_attempt_has_its_own(self):
        """Also where the copy of a task is called off once its stage is over."""
        ends = [end(0), end(1, reason=EXCEPTION), end(2), end(3)]
        events = log(*ends, self.again(4, index=1, attempt=1), begun=0)
        copy = self.again(5, index=3, attempt=1, reason=KILLED)
        answer = answered(*events[:-2], copy, *events[-2:])
        assert [m for m in OF_TASKS if doubts(answer, m)] == []

    @pytest.mark.parametrize("metric", OF_TASKS)
    def test_of_a_failure_is_missed_by_the_stage_that_failed_for_it(self, metric):
        ends = [end(0), end(1, reason=EXCEPTION), end(2)]
        answer = self.answered(*ends, stage=failed_stage(4))
        assert "3 task attempts began or succeeded without" in doubts(answer, metric)
        assert answer.measurements.values["failed_stages"] == 1.0

    def test_is_none_where_the_stage_failed_as_often_as_was_told(self):
        ends = [end(0), *(self.again(4 + n, index=1, attempt=n, reason=EXCEPTION) for n in (0, 1))]
        answer = self.answered(*ends, stage=failed_stage(2))
        assert [m for m in OF_TASKS if doubts(answer, m)] == []

    @pytest.mark.parametrize("metric", OF_TASKS)
    def test_is_missed_by_what_the_stage_took(self, metric):
        ends = [end(task) for task in range(4)]
        answer = self.answered(*ends, stage=took(run=4_500, cpu=2_500_000_000))
        assert "1 stage took more time than" in doubts(answer, metric)

    @pytest.mark.parametrize(
        ("run", "cpu"), [(3_600, 2_000_000_000), (3_000, 1), (9_000, 2_000_000_000)]
    )
    def test_is_none_where_the_stage_took_no_more(self, run, cpu):
        """Nor where one time alone is more: then a field was not readable, and is told."""
        answer = self.answered(*map(end, range(4)), stage=took(run=run, cpu=cpu))
        assert [m for m in OF_TASKS if doubts(answer, m)] == []

    @pytest.mark.parametrize("metric", ["cpu_core_seconds", "gc_time_pct", "shuffle_spill_pct"])
    def test_has_its_like_in_a_success_without_metrics(self, metric):
        bare = {**end(3), "Task Metrics": None}
        answer = self.answered(end(0), end(1), end(2), bare)
        assert "1 task attempt succeeded without metrics" in doubts(answer, metric)
        assert doubts(answer, "failed_tasks") == doubts(answer, "latency_p50_ms") == ""


class TestTimesThatCannotBe:
    @pytest.mark.parametrize("metric", OF_TIMES)
    @pytest.mark.parametrize(
        "second", [application_end(T0 + 90_000), application_start("app-1", T0 - 90_000)]
    )
    def test_the_application_ends_or_starts_twice(self, metric, second):
        answer = answered(*log(*whole(), tail=[second]))
        assert "starts or ends twice, at other times" in doubts(answer, metric)
        assert answer.measurements.values["duration_s"] == 9.0

    def test_the_same_end_twice_costs_nothing(self):
        answer = answered(*log(*whole(), tail=[application_end(T0 + 9_000)]))
        assert doubts(answer, "duration_s") == ""

    @pytest.mark.parametrize("metric", ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms"])
    def test_finished_before_it_was_launched(self, metric):
        answer = answered(*log(*whole()[:-1], end(4, ms=-1_500)))
        assert "1 task attempt finished before" in doubts(answer, metric)
        assert doubts(answer, "failed_tasks") == ""

    @pytest.mark.parametrize("metric", [*OF_TIMES, *OF_TASKS, *OTHERS])
    def test_the_application_ended_before_its_tasks(self, metric):
        answer = answered(*log(*whole(), ended=T0 + 1_500))
        assert "tasks ended after the application's end" in doubts(answer, metric)

    @pytest.mark.parametrize("metric", [*OF_TIMES, "failed_tasks"])
    def test_the_application_end_stands_before_the_end_of_a_task(self, metric):
        answer = answered(*log(*whole()[:-1], tail=[end(4)]))
        assert "tasks ended after the application's end" in doubts(answer, metric)

    def test_what_was_called_off_at_the_end_may_stand_behind_it(self):
        lost = {"Reason": "ExecutorLostFailure", "Executor ID": "1", "Exit Caused By App": False}
        tail = [end(5, T0 + 8_000, 1_200, KILLED), end(6, T0 + 8_000, 1_200, lost)]
        answer = answered(*log(*whole(), begun=7, tail=tail))
        assert doubts(answer, "duration_s") == doubts(answer, "failed_tasks") == ""
        assert answer.measurements.values["failed_tasks"] == 1.0

    @pytest.mark.parametrize("metric", OF_TIMES)
    def test_tasks_were_launched_before_the_application_started(self, metric):
        answer = answered(*log(*whole(), started=T0 + 5_000))
        assert "tasks were launched before the application's start" in doubts(answer, metric)

    @pytest.mark.parametrize("metric", ["cpu_usage_pct", "memory_gib_seconds"])
    def test_an_executor_went_before_it_came(self, metric):
        events = log(*whole())
        answer = answered(*events[:-1], executor_removed("1", T0 - 5_000), events[-1])
        assert "removed before it was added" in doubts(answer, metric)


class TestAnAmountThatCannotBe:
    def test_cpu_time_below_zero_leaves_a_lower_bound(self):
        answer = answered(*log(*whole()[:-1], end(4, cpu=-400_000_000)))
        assert answer.measurements.values["cpu_core_seconds"] == 2.0
        assert "1 line with a part of it" in doubts(answer, "cpu_core_seconds")
        assert "1 line with a part of it" in doubts(answer, "cpu_usage_pct")

    def test_garbage_collection_of_more_than_the_attempt_was_there_is_left_out(self):
        answer = answered(*log(*whole()[:-1], end(4, gc=9_000)))
        assert answer.measurements.values["gc_time_pct"] == pytest.approx(10.0)
        assert any("left out of run and GC time" in note for note in answer.notes)

    @pytest.mark.parametrize("spilled", [-5, 9 * 10**18])
    def test_spill_beyond_any_disk_leaves_no_share(self, spilled):
        answer = answered(*log(*whole()[:-1], end(4, spilled=spilled)))
        assert "could not be read" in doubts(answer, "shuffle_spill_pct")
        assert doubts(answer, "gc_time_pct") == ""

    @pytest.mark.parametrize("cores", [4_000_000_000, -4])
    def test_cores_that_no_machine_has_leave_no_usage(self, cores):
        events = log(*whole())
        events[3] = executor_added("1", T0 + 500, cores)
        assert "could not be read" in doubts(answered(*events), "cpu_usage_pct")


class TestACancelledTask:
    @pytest.mark.parametrize(
        "reason",
        [
            {"Reason": "TaskKilled", "Kill Reason": f"Stage cancelled: {SHUT_DOWN}"},
            {"Reason": "ExecutorLostFailure", "Executor ID": "1", "Loss Reason": SHUT_DOWN},
            {"Reason": "ExceptionFailure", "Class Name": "E", "Description": SHUT_DOWN},
            {"Reason": "FetchFailed", "Message": "SparkContext has been shutdown"},
        ],
        ids=lambda reason: reason["Reason"],
    )
    def test_because_its_context_was_shut_down_has_not_failed(self, reason):
        answer = answered(*log(*whole(), end(5, reason=reason), begun=6))
        assert answer.measurements.values["failed_tasks"] == 1.0

    def test_whose_executor_was_lost_while_the_application_ran_has_failed(self):
        lost = {"Reason": "ExecutorLostFailure", "Executor ID": "1", "Exit Caused By App": False}
        answer = answered(*log(*whole(), end(5, reason=lost), begun=6))
        assert answer.measurements.values["failed_tasks"] == 2.0
