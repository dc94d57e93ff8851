"""Spark's events of SQL executions, as small as they can be."""

from typing import Any

_UI = "org.apache.spark.sql.execution.ui"


def a_plan(
    text: str,
    *metrics: tuple[str, int],
    children: list[dict[str, Any]] | None = None,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An operator whose name is the first word of its text."""
    return {
        "nodeName": text.split(" ", 1)[0],
        "simpleString": text,
        "children": children or [],
        "metadata": metadata or {},
        "metrics": [
            {"name": name, "accumulatorId": number, "metricType": "sum"} for name, number in metrics
        ],
    }


def execution_start(execution: int, plan: dict[str, Any], at: int) -> dict[str, Any]:
    return {
        "Event": f"{_UI}.SparkListenerSQLExecutionStart",
        "executionId": execution,
        "description": "save at job.py:12",
        "sparkPlanInfo": plan,
        "time": at,
        "modifiedConfigs": {},
    }


def adaptive_update(execution: int, plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "Event": f"{_UI}.SparkListenerSQLAdaptiveExecutionUpdate",
        "executionId": execution,
        "sparkPlanInfo": plan,
    }


def execution_end(execution: int, at: int) -> dict[str, Any]:
    return {
        "Event": f"{_UI}.SparkListenerSQLExecutionEnd",
        "executionId": execution,
        "time": at,
    }


def sql_job_start(job: int, stages: list[int], execution: int, at: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerJobStart",
        "Job ID": job,
        "Submission Time": at,
        "Stage Infos": [],
        "Stage IDs": stages,
        "Properties": {"spark.sql.execution.id": str(execution)},
    }
