"""Spark events with every field that Spark itself insists on when it replays a log."""

import json
from typing import Any

SPARK_VERSION = "3.5.9"
# A History Server lists no application that started before 2010.
T0 = 1_790_000_000_000


def event_lines(*events: dict[str, Any]) -> bytes:
    """Return events as a log holds them: no spaces, one a line, the name first."""
    return b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in events)


def log_start() -> dict[str, Any]:
    return {"Event": "SparkListenerLogStart", "Spark Version": SPARK_VERSION}


def application_start(app_id: str, at: int, attempt: str | None = None) -> dict[str, Any]:
    event = {"Event": "SparkListenerApplicationStart", "App Name": "load", "App ID": app_id}
    extra = {} if attempt is None else {"App Attempt ID": attempt}
    return {**event, "Timestamp": at, "User": "u", **extra}


def application_end(at: int) -> dict[str, Any]:
    return {"Event": "SparkListenerApplicationEnd", "Timestamp": at}


def environment(app_id: str, **properties: str) -> dict[str, Any]:
    spark = {"spark.app.id": app_id, **{k.replace("_", "."): v for k, v in properties.items()}}
    return {
        "Event": "SparkListenerEnvironmentUpdate",
        "JVM Information": {"Java Home": "/j", "Java Version": "17", "Scala Version": "2.13"},
        "Spark Properties": spark,
        "Hadoop Properties": {},
        "System Properties": {},
        "Metrics Properties": {},
        "Classpath Entries": {},
    }


def block_manager_added(executor: str, at: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerBlockManagerAdded",
        "Block Manager ID": {"Executor ID": executor, "Host": "h", "Port": 1},
        "Maximum Memory": 1_000,
        "Timestamp": at,
        "Maximum Onheap Memory": 1_000,
        "Maximum Offheap Memory": 0,
    }


def executor_added(executor: str, at: int, cores: int = 4) -> dict[str, Any]:
    return {
        "Event": "SparkListenerExecutorAdded",
        "Timestamp": at,
        "Executor ID": executor,
        "Executor Info": {
            "Host": "h",
            "Total Cores": cores,
            "Log Urls": {},
            "Attributes": {},
            "Resources": {},
            "Resource Profile Id": 0,
        },
    }


def executor_removed(executor: str, at: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerExecutorRemoved",
        "Timestamp": at,
        "Executor ID": executor,
        "Removed Reason": "lost",
    }


def stage_info(stage_id: int, attempt: int = 0, **info: Any) -> dict[str, Any]:
    return {
        "Stage ID": stage_id,
        "Stage Attempt ID": attempt,
        "Stage Name": "s",
        "Number of Tasks": 4,
        "RDD Info": [],
        "Parent IDs": [],
        "Details": "",
        "Accumulables": [],
        "Resource Profile Id": 0,
        **info,
    }


def job_start(job: int, stages: list[int], at: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerJobStart",
        "Job ID": job,
        "Submission Time": at,
        "Stage Infos": [stage_info(stage) for stage in stages],
        "Stage IDs": stages,
        "Properties": {},
    }


def job_end(job: int, at: int, *, failed: bool = False) -> dict[str, Any]:
    failure = {"Result": "JobFailed", "Exception": {"Message": "boom", "Stack Trace": []}}
    return {
        "Event": "SparkListenerJobEnd",
        "Job ID": job,
        "Completion Time": at,
        "Job Result": failure if failed else {"Result": "JobSucceeded"},
    }


def stage_submitted(stage_id: int, at: int, attempt: int = 0) -> dict[str, Any]:
    info = stage_info(stage_id, attempt, **{"Submission Time": at})
    return {"Event": "SparkListenerStageSubmitted", "Stage Info": info, "Properties": {}}


def stage_completed(
    stage_id: int, at: int, attempt: int = 0, failure: str | None = None
) -> dict[str, Any]:
    times = {"Submission Time": at - 1_000, "Completion Time": at}
    reason = {} if failure is None else {"Failure Reason": failure}
    info = stage_info(stage_id, attempt, **times, **reason)
    return {"Event": "SparkListenerStageCompleted", "Stage Info": info}


def task_start(stage_id: int, task: int, at: int, **options: Any) -> dict[str, Any]:
    attempt = options.pop("attempt", 0)
    return {
        "Event": "SparkListenerTaskStart",
        "Stage ID": stage_id,
        "Stage Attempt ID": attempt,
        "Task Info": task_info(task, at, 0, **options),
    }


def task_end(
    stage_id: int,
    task: int,
    at: int,
    ms: int,
    reason: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    attempt = options.pop("attempt", 0)
    heap = options.pop("heap", 0)
    metrics = options.pop("metrics", {})
    why = reason or {"Reason": "Success"}
    failed = why["Reason"] not in {"Success", "TaskKilled", "Resubmitted"}
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage_id,
        "Stage Attempt ID": attempt,
        "Task Type": "ResultTask",
        "Task End Reason": why,
        "Task Info": {
            **task_info(task, at, at + ms, **options),
            "Failed": failed,
            "Killed": why["Reason"] == "TaskKilled",
        },
        "Task Executor Metrics": {"JVMHeapMemory": heap},
        "Task Metrics": task_metrics(**metrics),
    }


def task_info(
    task: int, at: int, finished: int, *, executor: str = "1", speculative: bool = False
) -> dict[str, Any]:
    return {
        "Task ID": task,
        "Index": task,
        "Attempt": 0,
        "Partition ID": task,
        "Launch Time": at,
        "Executor ID": executor,
        "Host": "h",
        "Locality": "PROCESS_LOCAL",
        "Speculative": speculative,
        "Getting Result Time": 0,
        "Finish Time": finished,
        "Failed": False,
        "Killed": False,
        "Accumulables": [],
    }


def task_metrics(
    *, run: int = 10, cpu: int = 0, gc: int = 0, spilled: int = 0, written: int = 0, peak: int = 0
) -> dict[str, Any]:
    return {
        "Executor Deserialize Time": 1,
        "Executor Deserialize CPU Time": 1,
        "Executor Run Time": run,
        "Executor CPU Time": cpu,
        "Peak Execution Memory": peak,
        "Result Size": 1,
        "JVM GC Time": gc,
        "Result Serialization Time": 0,
        "Memory Bytes Spilled": 2 * spilled,
        "Disk Bytes Spilled": spilled,
        "Shuffle Read Metrics": {
            "Remote Blocks Fetched": 1,
            "Local Blocks Fetched": 1,
            "Fetch Wait Time": 0,
            "Remote Bytes Read": 30,
            "Remote Bytes Read To Disk": 0,
            "Local Bytes Read": 12,
            "Total Records Read": 5,
        },
        "Shuffle Write Metrics": {
            "Shuffle Bytes Written": written,
            "Shuffle Write Time": 1,
            "Shuffle Records Written": 3,
        },
        "Input Metrics": {"Bytes Read": 100, "Records Read": 7},
        "Output Metrics": {"Bytes Written": 9, "Records Written": 2},
        "Updated Blocks": [],
    }


EXCEPTION = {
    "Reason": "ExceptionFailure",
    "Class Name": "java.lang.RuntimeException",
    "Description": "boom",
    "Stack Trace": [],
    "Full Stack Trace": "",
    "Accumulator Updates": [],
}
KILLED = {"Reason": "TaskKilled", "Kill Reason": "another attempt succeeded"}
DENIED = {"Reason": "TaskCommitDenied", "Job ID": 0, "Partition ID": 0, "Attempt Number": 1}
RESUBMITTED = {"Reason": "Resubmitted"}
LOST = {
    "Reason": "ExecutorLostFailure",
    "Executor ID": "2",
    "Exit Caused By App": True,
    "Loss Reason": "OOM",
}


def eventful_application(app_id: str, *, attempt: str | None = None) -> list[dict[str, Any]]:
    """Return a whole application in which everything happens that is counted apart.

    Two jobs, the second failed; stages 0 (retried), 1 (skipped), 2 (failed); of 12 task attempts:
    7 succeeded (one in 0 ms), 2 failed, 2 killed or denied, 1 a speculative copy that failed;
    one resubmission; executor 2 lost and replaced by 3.
    """
    return [
        log_start(),
        environment(app_id, spark_executor_memory="2g", spark_executor_cores="4"),
        application_start(app_id, T0 + 0, attempt),
        block_manager_added("driver", T0 + 100),
        executor_added("1", T0 + 1_000),
        block_manager_added("1", T0 + 1_200),
        block_manager_added("2", T0 + 1_300),
        executor_added("2", T0 + 1_400),
        job_start(0, [0, 1], T0 + 2_000),
        stage_submitted(0, T0 + 2_000),
        *(task_start(0, task, T0 + 2_000) for task in range(4)),
        task_end(0, 0, T0 + 2_000, 0, heap=500, metrics={"cpu": 4_000_000, "peak": 77}),
        task_end(0, 1, T0 + 2_000, 40, executor="2", metrics={"gc": 3, "spilled": 11}),
        task_end(0, 2, T0 + 2_000, 50, EXCEPTION, metrics={"run": 44}),
        task_start(0, 4, T0 + 2_100, speculative=True),
        task_end(0, 3, T0 + 2_000, 300, metrics={"written": 900}, heap=800),
        task_end(0, 4, T0 + 2_100, 210, KILLED, speculative=True),
        executor_removed("2", T0 + 3_000),
        task_end(0, 1, T0 + 2_000, 40, RESUBMITTED, executor="2"),
        stage_completed(0, T0 + 3_100, failure="fetch failed"),
        executor_added("3", T0 + 3_200),
        stage_submitted(0, T0 + 3_300, 1),
        task_start(0, 5, T0 + 3_300, attempt=1, executor="3"),
        task_end(0, 5, T0 + 3_300, 120, attempt=1, executor="3", heap=300),
        task_start(0, 6, T0 + 3_300, attempt=1),
        task_end(0, 6, T0 + 3_300, 130, DENIED, attempt=1),
        task_start(0, 7, T0 + 3_500, attempt=1),
        task_end(0, 7, T0 + 3_500, 60, attempt=1),
        stage_completed(0, T0 + 4_000, 1),
        job_end(0, T0 + 4_000),
        job_start(1, [2], T0 + 5_000),
        stage_submitted(2, T0 + 5_000),
        task_start(2, 8, T0 + 5_000),
        task_end(2, 8, T0 + 5_000, 75),
        task_start(2, 9, T0 + 5_000),
        task_end(2, 9, T0 + 5_000, 85),
        task_start(2, 10, T0 + 5_000, speculative=True),
        task_end(2, 10, T0 + 5_000, 95, EXCEPTION, speculative=True),
        task_start(2, 11, T0 + 5_000),
        task_end(2, 11, T0 + 5_000, 99, LOST),
        stage_completed(2, T0 + 6_000, failure="Job aborted due to stage failure"),
        job_end(1, T0 + 6_000, failed=True),
        application_end(T0 + 10_000),
    ]
