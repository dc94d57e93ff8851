"""The one line between a source and the campaign: whatever a source did becomes a named state."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from lm_assets.collect.source_answers import SourceAnswer, failed_source
from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.model.errors import LmError, frames_of
from lm_assets.model.measurement import Measurements, out_of_bounds

_LOG = logging.getLogger(__name__)
# Failures of this machine and its own store, not of what was asked: they must fail the run, which
# is then repeated, or metrics would be stored as missing for good.
_OWN_FAILURES = (ObjectStoreError, OSError)


def answer_of(
    ask: Callable[[], SourceAnswer], *, source: str, metrics: Iterable[str], asked: str
) -> SourceAnswer:
    """Return a source's answer, every value of it one that statistics can hold.

    A source that raises gives reasons instead of values, whatever it raised: one run's input costs
    the run its metrics from this source and nothing else. Where nobody expected the error, the log
    has its trace.

    Raises
    ------
    ObjectStoreError, OSError
        Where this machine or its own store is at fault.
    """
    try:
        return _within_bounds(ask())
    except _OWN_FAILURES:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: nothing a source does costs a run
        return failed_source(source, metrics, asked=asked, reason=reason_of(error, source=source))


def reason_of(error: Exception, *, source: str) -> str:
    """Return what a source's failure is called where a metric is missing for it."""
    if isinstance(error, LmError):
        return str(error)
    _LOG.error("%s gave what nobody expected:\n%s", source, frames_of(error))
    return f"unexpected_answer: {type(error).__name__}; the run's log has the trace"


def _within_bounds(answer: SourceAnswer) -> SourceAnswer:
    told = answer.measurements
    beyond = {
        name: reason
        for name, value in told.values.items()
        if (reason := out_of_bounds(value)) is not None
    }
    if not beyond:
        return answer
    missing = {name: f"{answer.source}: {reason}" for name, reason in beyond.items()}
    bounded = Measurements(
        values={n: v for n, v in told.values.items() if n not in beyond},
        missing={**told.missing, **missing},
        provenance={n: p for n, p in told.provenance.items() if n not in beyond},
    )
    return replace(answer, measurements=bounded, answered={**answer.answered, **beyond})
