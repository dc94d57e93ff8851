"""The boundary between a source and a campaign: nothing but this machine's failures passes it."""

import logging

import pytest

from lm_assets.collect.source_answers import EVENT_LOG, SourceAnswer
from lm_assets.collect.source_boundary import answer_of
from lm_assets.gateways.object_store.protocol import ObjectStoreUnavailableError
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.measurement import Measurements

METRICS = ("failed_tasks", "duration_s")


def asked(error: BaseException | None = None, **values: float) -> SourceAnswer:
    def ask() -> SourceAnswer:
        if error is not None:
            raise error
        told = Measurements(values=values, provenance=dict.fromkeys(values, EVENT_LOG))
        return SourceAnswer(source=EVENT_LOG, measurements=told)

    return answer_of(ask, source=EVENT_LOG, metrics=METRICS, asked="events")


@pytest.mark.parametrize(
    "error", [IndexError("x"), OverflowError("y"), RecursionError(), MemoryError(), KeyError("z")]
)
def test_whatever_a_source_raises_is_a_reason_and_its_trace_is_in_the_log(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = asked(error)
    reason = f"event log: unexpected_answer: {type(error).__name__}; the run's log has the trace"
    assert answer.measurements.missing == dict.fromkeys(METRICS, reason)
    assert "test_source_boundary.py" in caplog.text


def test_the_text_of_a_foreign_error_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked(ValueError("http://user:S3CRET@host"))
    assert "S3CRET" not in caplog.text + str(answer)


def test_a_refusal_is_told_in_its_own_words() -> None:
    missing = asked(UnusableInputError("event_log_empty", "no line")).measurements.missing
    assert missing["duration_s"] == "event log: event_log_empty: no line"


@pytest.mark.parametrize("error", [ObjectStoreUnavailableError("down"), OSError(28, "disk full")])
def test_a_failure_of_this_machine_fails_the_run_which_is_repeated(error: Exception) -> None:
    with pytest.raises(type(error)):
        asked(error)


@pytest.mark.parametrize("value", [1e151, -1e200, 1.7e308])
def test_a_value_that_no_statistic_holds_is_missing_and_the_others_are_kept(value: float) -> None:
    told = asked(None, duration_s=value, failed_tasks=3.0).measurements
    assert told.values == {"failed_tasks": 3.0}
    assert told.missing == {"duration_s": f"event log: {value:g} is beyond ±1e+150"}
