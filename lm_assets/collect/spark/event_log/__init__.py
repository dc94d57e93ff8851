"""Spark event logs, as Spark writes them, to the figures of their application."""

from lm_assets.collect.spark.event_log.limits import EventLogBombError, EventLogLimits
from lm_assets.collect.spark.event_log.parser import (
    ReadApplication,
    parse_event_log,
    read_event_log,
)
from lm_assets.collect.spark.event_log.parts import EventLogPart, local_event_log_parts

__all__ = [
    "EventLogBombError",
    "EventLogLimits",
    "EventLogPart",
    "ReadApplication",
    "local_event_log_parts",
    "parse_event_log",
    "read_event_log",
]
