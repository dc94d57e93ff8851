"""One Spark application asked of its event log or of a History Server; a failure is an answer."""

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from lm_assets.collect.source_answers import (
    EVENT_LOG,
    HISTORY_SERVER,
    ApplicationSpan,
    SourceAnswer,
    failed_source,
)
from lm_assets.collect.source_boundary import answer_of
from lm_assets.collect.spark.behaviour import behaviour_of
from lm_assets.collect.spark.event_log import EventLogPart, ReadApplication, read_event_log
from lm_assets.collect.spark.evidence import application_evidence
from lm_assets.collect.spark.history_server_figures import figures_from_answers
from lm_assets.collect.spark.history_server_profile import profile_from_answers
from lm_assets.collect.spark.metrics import APPLICATION_METRICS, application_measurements
from lm_assets.collect.spark.profile_document import profile_document, read_profile_document
from lm_assets.gateways.http.history_server import HistoryServer, Patience, UnknownApplicationError
from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.errors import UnusableInputError

_DRIVER = "driver"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationRef:
    """One attempt of one application; the newest attempt where none is named."""

    app_id: str
    attempt_id: str | None = None


def ask_event_log(parts: Sequence[EventLogPart]) -> SourceAnswer:
    """Return what an event log gives for its run; one that cannot be read gives reasons."""
    asked = ", ".join(part.name for part in parts[:3]) + (", …" if len(parts) > 3 else "")
    return answer_of(
        lambda: _answer(EVENT_LOG, asked, read_event_log(parts)),
        source=EVENT_LOG,
        metrics=APPLICATION_METRICS,
        asked=asked,
    )


def ask_profile(content: bytes, *, name: str) -> SourceAnswer:
    """Return what a profile gives that was delivered in its log's place; else reasons."""
    return answer_of(
        lambda: _answer(EVENT_LOG, name, read_profile_document(content, source=name)),
        source=EVENT_LOG,
        metrics=APPLICATION_METRICS,
        asked=name,
    )


def ask_history_server(
    server: HistoryServer, application: ApplicationRef, *, patience: Patience | None = None
) -> SourceAnswer:
    """Return what a History Server gives for one application; an outage gives reasons.

    Unknown, being loaded and not completed are three reasons, and the answer is then pending: it
    may be another one soon.
    """
    attempt = f"/{application.attempt_id}" if application.attempt_id else ""
    asked = f"api/v1/applications/{application.app_id}{attempt} and all below"

    def ask() -> SourceAnswer:
        try:
            answers = server.read_application(
                application.app_id, application.attempt_id, patience=patience
            )
            figures = figures_from_answers(answers)
            reasons = (*figures.incomplete, *dict.fromkeys(figures.partial.values()))
            profile = profile_from_answers(answers, incomplete=reasons)
            read = ReadApplication(figures=figures, profile=profile)
        except UnknownApplicationError as error:
            failed = failed_source(
                HISTORY_SERVER, APPLICATION_METRICS, asked=asked, reason=str(error)
            )
            return replace(failed, is_pending=True)
        # A time or a number that no calendar has: the answer is not what it is taken for.
        except (ValueError, OverflowError) as error:
            raise UnusableInputError("unexpected_shape", str(error)) from error
        answer = _answer(HISTORY_SERVER, asked, read)
        return replace(answer, is_pending=not answers.attempt.completed)

    return answer_of(ask, source=HISTORY_SERVER, metrics=APPLICATION_METRICS, asked=asked)


def ask_history_server_for_all(
    server: HistoryServer,
    applications: Sequence[ApplicationRef],
    *,
    concurrency: int,
    patience: Patience | None = None,
) -> list[SourceAnswer]:
    """Return the answers for many applications, in their order, ``concurrency`` at a time."""
    with ThreadPoolExecutor(concurrency) as pool:
        return list(
            pool.map(lambda ref: ask_history_server(server, ref, patience=patience), applications)
        )


def _answer(source: str, asked: str, application: ReadApplication) -> SourceAnswer:
    figures = application.figures
    said = (
        f"{figures.app_id}: {figures.tasks} tasks in {figures.stages_run} stages "
        f"of {figures.jobs} jobs"
    )
    evidence = application_evidence(figures)
    attempt = (f"attempt {figures.attempt_id} of it",) if figures.attempt_id else ()
    notes = (*figures.notes, *attempt)
    remarks = (*figures.incomplete, *notes)
    return SourceAnswer(
        source=source,
        measurements=application_measurements(figures, source=source),
        asked=dict.fromkeys(APPLICATION_METRICS, asked),
        answered={m: "; ".join((said, evidence[m], *remarks)) for m in APPLICATION_METRICS},
        notes=notes,
        application=ApplicationSpan(
            app_id=figures.app_id,
            started_at=figures.started_at,
            ended_at=figures.ended_at,
            attempt_id=figures.attempt_id,
        ),
        profile=profile_document(application),
        behaviour=behaviour_of(application.profile),
        nodes=nodes_of(application.profile),
    )


def nodes_of(profile: ApplicationProfile) -> tuple[str, ...]:
    """Return the hosts of the executors; an address is a pod's own and no machine's name."""
    executors = [e for e in profile.executors if e.executor_id != _DRIVER] or profile.executors
    return tuple(sorted({e.host for e in executors if e.host and not _is_address(e.host)}))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
