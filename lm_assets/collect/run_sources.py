"""What the sources delivered beside a result line say of its load run."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from lm_assets.collect.application_metrics import application_measurements
from lm_assets.collect.campaign_records import LandedRun
from lm_assets.collect.event_log import EventLogPart, parse_event_log
from lm_assets.collect.landed_objects import LandedCampaign, LandedObject
from lm_assets.gateways.object_store import ObjectStore
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import MetricCatalogue

EVENT_LOG = "event log"


def run_measurements(
    run: LandedRun, landed: LandedCampaign, store: ObjectStore, metrics: MetricCatalogue
) -> Measurements:
    """Return what a run's event log says; every gap has its reason.

    A log that cannot be read leaves its metrics ``missing`` with the reason: the run is not lost
    for it.
    """
    parts = landed.event_logs.get((run.folder, run.line.run_id))
    if parts is None:
        return Measurements(missing=dict.fromkeys(metrics.names, "no event log was delivered"))
    try:
        return event_log_measurements(parts, store)
    except UnusableInputError as error:
        return Measurements(missing=dict.fromkeys(metrics.names, f"{EVENT_LOG}: {error}"))


def event_log_measurements(parts: Sequence[LandedObject], store: ObjectStore) -> Measurements:
    """Return the metrics of a stored event log, whichever files it is made of."""
    with ExitStack() as opened:
        figures = parse_event_log(
            [
                EventLogPart(
                    name=part.key,
                    open=partial(lambda key: opened.enter_context(store.open(key)), part.key),
                )
                for part in parts
            ]
        )
    return application_measurements(figures, source=EVENT_LOG)
