"""Spark History Server, read through its REST API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.history_server_answers import (
    Application,
    ApplicationAnswers,
    Attempt,
    Environment,
    Executor,
    Job,
    StageAttempt,
    Task,
)
from lm_assets.gateways.http.json_http import (
    DEFAULT_RETRY,
    HttpLimits,
    JsonHttpClient,
)
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import LmError

T = TypeVar("T")
URL_VARIABLE = "LM_HISTORY_SERVER_URL"
# A task row is about 2 KB of JSON.
TASKS_PER_PAGE = 5_000
# Ten times what a server keeps of a stage by default (spark.ui.retainedTasks).
MAX_TASKS_PER_STAGE = 1_000_000
# All that is asked about one application: no true one takes a server a tenth of this.
APPLICATION_DEADLINE_S = 1_200.0
_WAIT_BETWEEN_LOOKS_S = 2.0
_READS_OF_EMPTY = 3


class UnknownApplicationError(LmError):
    """The server does not know the application or the attempt, or has not listed it yet."""


class LoadingApplicationError(UnknownApplicationError):
    """The server lists the application and does not serve what is below it: it is loading it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait for an application that is not there, or not completed, yet.

    A server looks for new event logs every ten seconds by default, and lists an application as
    running until it has read the last event.
    """

    wait_s: float = 0.0
    sleep: Callable[[float], None] = time.sleep


class HistoryServer:
    """One History Server; safe to be shared by threads."""

    def __init__(
        self,
        url: str,
        *,
        limits: HttpLimits | None = None,
        retry: RetryPolicy = DEFAULT_RETRY,
        tasks_per_page: int = TASKS_PER_PAGE,
        application_deadline_s: float = APPLICATION_DEADLINE_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or HttpLimits()
        self._http = JsonHttpClient(
            url, server="History Server", variable=URL_VARIABLE, limits=self.limits, retry=retry
        )
        self._tasks_per_page = tasks_per_page
        self._application_deadline_s = application_deadline_s
        self._monotonic_s = monotonic_s

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, limits: HttpLimits | None = None
    ) -> "HistoryServer | None":
        """Return the configured server, or None where none is configured."""
        url = environment.get(URL_VARIABLE, "")
        return cls(url, limits=limits) if url else None

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def application(self, app_id: str) -> Application:
        """Return one application with its attempts.

        Raises
        ------
        UnknownApplicationError
            Where the server does not list it.
        RemoteError
            Where the server gives no usable answer.
        """
        try:
            path = f"api/v1/applications/{quote(app_id, safe='')}"
            return self._http.get(path, answer=Application)
        except RemoteError as error:
            if error.fault is not RemoteFault.NOT_FOUND:
                raise
            raise UnknownApplicationError(
                f"application {app_id!r} is unknown to the History Server: {error}"
            ) from error

    def read_application(
        self, app_id: str, attempt_id: str | None = None, *, patience: Patience | None = None
    ) -> ApplicationAnswers:
        """Return all that one attempt's figures need; the newest attempt unless one is named.

        An application that is unknown, being loaded or not completed is looked for again as long
        as ``patience`` allows; then the first two raise, and one that is not completed is
        returned with ``attempt.completed`` false.
        """
        patience = patience or Patience()
        waited_s = 0.0
        while waited_s < patience.wait_s:
            try:
                application, attempt = self._attempt(app_id, attempt_id)
                if attempt.completed:
                    return self._read_attempt(application, attempt)
            except UnknownApplicationError:
                pass  # it may be listed, or loaded, by the next look
            patience.sleep(_WAIT_BETWEEN_LOOKS_S)
            waited_s += _WAIT_BETWEEN_LOOKS_S
        return self._read_attempt(*self._attempt(app_id, attempt_id))

    def _attempt(self, app_id: str, attempt_id: str | None) -> tuple[Application, Attempt]:
        application = self.application(app_id)
        return application, _attempt(application, attempt_id)

    def _read_attempt(self, application: Application, attempt: Attempt) -> ApplicationAnswers:
        reading = _Reading(
            http=self._http,
            application=application,
            attempt=attempt,
            tasks_per_page=self._tasks_per_page,
            until_s=self._monotonic_s() + self._application_deadline_s,
            monotonic_s=self._monotonic_s,
        )
        # A server drops an application from its memory to make room for another one, and answers
        # what is asked at that moment with empty lists; the next call loads it again.
        for _ in range(_READS_OF_EMPTY - 1):
            answers = reading.once()
            if answers.jobs and not answers.is_torn:
                return answers
        return reading.once()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """All that is asked about one attempt, which must end, whatever the server answers."""

    http: JsonHttpClient
    application: Application
    attempt: Attempt
    tasks_per_page: int
    until_s: float
    monotonic_s: Callable[[], float]

    def once(self) -> ApplicationAnswers:
        path = f"applications/{quote(self.application.id, safe='')}"
        if self.attempt.attempt_id is not None:
            path += f"/{quote(self.attempt.attempt_id, safe='')}"
        stages = self._below(f"{path}/stages", list[StageAttempt])
        return ApplicationAnswers(
            application=self.application,
            attempt=self.attempt,
            jobs=self._below(f"{path}/jobs", list[Job]),
            stages=stages,
            executors=self._below(f"{path}/allexecutors", list[Executor]),
            environment=self._below(f"{path}/environment", Environment),
            tasks={
                (stage.stage_id, stage.attempt_id): self._tasks(path, stage)
                for stage in stages
                if stage.ended_tasks
            },
        )

    def _tasks(self, path: str, stage: StageAttempt) -> list[Task]:
        url = f"{path}/stages/{stage.stage_id}/{stage.attempt_id}/taskList"
        tasks: dict[int, Task] = {}
        while True:
            known = len(tasks)
            page = {"offset": known, "length": self.tasks_per_page, "sortBy": "ID"}
            rows = self._below(url, list[Task], page)
            tasks.update((row.task_id, row) for row in rows)
            if len(tasks) - known < len(rows):
                raise _unending(url, f"tasks given twice at offset {known}: it ignores the offset")
            if len(tasks) > MAX_TASKS_PER_STAGE:
                raise _unending(url, f"more than {MAX_TASKS_PER_STAGE} tasks of one stage")
            if len(rows) < self.tasks_per_page:
                return list(tasks.values())

    def _below(self, path: str, answer: type[T], params: Mapping[str, object] | None = None) -> T:
        if self.monotonic_s() > self.until_s:
            raise RemoteError(
                asked=f"History Server: GET /api/v1/{path}",
                fault=RemoteFault.TIMED_OUT,
                detail="not asked: all that was asked about the application took too long",
            )
        try:
            return self.http.get(f"api/v1/{path}", params, answer=answer)
        except RemoteError as error:
            if error.fault is RemoteFault.NOT_FOUND:
                raise LoadingApplicationError(
                    f"application {self.application.id!r} is listed, but the History Server does "
                    f"not serve it (it is loading it, or its log is gone): {error}"
                ) from error
            raise


def _unending(url: str, detail: str) -> RemoteError:
    return RemoteError(
        asked=f"History Server: GET /api/v1/{url}",
        fault=RemoteFault.UNEXPECTED_SHAPE,
        detail=detail,
    )


def _attempt(application: Application, attempt_id: str | None) -> Attempt:
    if not application.attempts:
        raise UnknownApplicationError(f"application {application.id!r} has no attempt yet")
    if attempt_id is None:
        return application.attempts[0]
    for attempt in application.attempts:
        if attempt.attempt_id == attempt_id:
            return attempt
    known = ", ".join(str(attempt.attempt_id) for attempt in application.attempts)
    raise UnknownApplicationError(
        f"application {application.id!r} has no attempt {attempt_id!r}, only {known}"
    )
