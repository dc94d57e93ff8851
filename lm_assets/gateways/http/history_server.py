"""Spark History Server, read through its REST API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

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
    RemoteError,
    RemoteFault,
)
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import LmError

T = TypeVar("T")
URL_VARIABLE = "LM_HISTORY_SERVER_URL"
# A task row is about 2 KB of JSON.
TASKS_PER_PAGE = 5_000
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
    ) -> None:
        self.limits = limits or HttpLimits()
        self._http = JsonHttpClient(url, server="History Server", limits=self.limits, retry=retry)
        self._tasks_per_page = tasks_per_page

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
        # A server drops an application from its memory to make room for another one, and answers
        # what is asked at that moment with empty lists; the next call loads it again.
        for _ in range(_READS_OF_EMPTY - 1):
            answers = self._read_once(application, attempt)
            if answers.jobs and not answers.is_torn:
                return answers
        return self._read_once(application, attempt)

    def _read_once(self, application: Application, attempt: Attempt) -> ApplicationAnswers:
        app_id = application.id
        path = f"applications/{quote(app_id, safe='')}"
        if attempt.attempt_id is not None:
            path += f"/{quote(attempt.attempt_id, safe='')}"
        stages = self._below(app_id, f"{path}/stages", list[StageAttempt])
        return ApplicationAnswers(
            application=application,
            attempt=attempt,
            jobs=self._below(app_id, f"{path}/jobs", list[Job]),
            stages=stages,
            executors=self._below(app_id, f"{path}/allexecutors", list[Executor]),
            environment=self._below(app_id, f"{path}/environment", Environment),
            tasks={
                (stage.stage_id, stage.attempt_id): self._tasks(app_id, path, stage)
                for stage in stages
                if stage.ended_tasks
            },
        )

    def _tasks(self, app_id: str, path: str, stage: StageAttempt) -> list[Task]:
        url = f"{path}/stages/{stage.stage_id}/{stage.attempt_id}/taskList"
        tasks: list[Task] = []
        while True:
            page = {"offset": len(tasks), "length": self._tasks_per_page, "sortBy": "ID"}
            rows = self._below(app_id, url, list[Task], page)
            tasks.extend(rows)
            if len(rows) < self._tasks_per_page:
                return tasks

    def _below(
        self, app_id: str, path: str, answer: type[T], params: Mapping[str, object] | None = None
    ) -> T:
        try:
            return self._http.get(f"api/v1/{path}", params, answer=answer)
        except RemoteError as error:
            if error.fault is RemoteFault.NOT_FOUND:
                raise LoadingApplicationError(
                    f"application {app_id!r} is listed, but the History Server does not serve it "
                    f"(it is loading it, or its log is gone): {error}"
                ) from error
            raise


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
