"""A small sound application as events, to be damaged by tests."""

import io
import json

from lm_assets.collect.spark.event_log import EventLogPart

START_MS = 1_790_000_000_000


def application(*events, properties=None):
    """The events of an application of one job around those given."""
    settings = properties or {"spark.executor.memory": "4g", "spark.executor.cores": "4"}
    return [
        {"Event": "SparkListenerLogStart", "Spark Version": "3.5.9"},
        {
            "Event": "SparkListenerApplicationStart",
            "App Name": "load",
            "App ID": "spark-app-7",
            "Timestamp": START_MS,
        },
        {"Event": "SparkListenerEnvironmentUpdate", "Spark Properties": settings},
        {
            "Event": "SparkListenerExecutorAdded",
            "Timestamp": START_MS + 1_000,
            "Executor ID": "1",
            "Executor Info": {"Total Cores": 4},
        },
        {"Event": "SparkListenerJobStart", "Job ID": 0, "Stage IDs": [0]},
        *events,
        {
            "Event": "SparkListenerJobEnd",
            "Job ID": 0,
            "Job Result": {"Result": "JobSucceeded"},
        },
        {"Event": "SparkListenerApplicationEnd", "Timestamp": START_MS + 5_000},
    ]


def task_end(*, reason="Success", metrics=None, info=None):
    """A task of one second that ran for all of it, a tenth of it in garbage collection."""
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": 0,
        "Task End Reason": {"Reason": reason},
        "Task Info": {
            "Launch Time": START_MS + 2_000,
            "Finish Time": START_MS + 3_000,
            "Executor ID": "1",
            **(info or {}),
        },
        "Task Executor Metrics": {"JVMHeapMemory": 2**30},
        "Task Metrics": {
            "Executor Run Time": 1_000,
            "Executor CPU Time": 800_000_000,
            "JVM GC Time": 100,
            "Disk Bytes Spilled": 0,
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 1_000},
            **(metrics or {}),
        },
    }


def killed_before_it_began():
    """What Spark up to 3.0.1 writes: the machine's uptime as the attempt's run time."""
    return task_end(
        reason="TaskKilled",
        info={"Finish Time": START_MS + 2_005},
        metrics={"Executor Run Time": 1_600_000_000, "Executor CPU Time": 0, "JVM GC Time": 0},
    )


def failed_stage(reason):
    """The end of a stage that did not succeed."""
    info = {"Stage ID": 1, "Submission Time": START_MS, "Failure Reason": reason}
    return {"Event": "SparkListenerStageCompleted", "Stage Info": info}


def failed_job(reason):
    """The end of a job that did not succeed."""
    result = {"Result": "JobFailed", "Exception": {"Message": reason}}
    return {"Event": "SparkListenerJobEnd", "Job ID": 1, "Job Result": result}


def part_of(*events):
    """Events, or lines as they stand, as one file of a log."""
    lines = [e if isinstance(e, str) else json.dumps(e) for e in events]
    # Spark writes no spaces after the colons of an event.
    text = "\n".join(line.replace('"Event": ', '"Event":') for line in lines)
    return EventLogPart(name="eventlog", open=lambda: io.BytesIO(text.encode()))
