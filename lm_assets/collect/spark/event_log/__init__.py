"""Spark event logs, as Spark writes them, to the figures of their application."""

from lm_assets.collect.spark.event_log.limits import EventLogBombError, EventLogLimits
from lm_assets.collect.spark.event_log.parser import parse_event_log
from lm_assets.collect.spark.event_log.parts import EventLogPart, local_event_log_parts

__all__ = [
    "EventLogBombError",
    "EventLogLimits",
    "EventLogPart",
    "local_event_log_parts",
    "parse_event_log",
]
