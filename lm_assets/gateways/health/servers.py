"""The servers that may be there: the History Server, Prometheus, and the channels to people."""

import time
from collections.abc import Iterator, Mapping

from lm_assets.gateways.health.diagnosis import Diagnosis, diagnose, not_configured
from lm_assets.gateways.http.history_server import HistoryServer, UnknownApplicationError
from lm_assets.gateways.http.notifier import (
    SLACK_VARIABLE,
    WEBHOOK_VARIABLE,
    notifiers_from_environment,
)
from lm_assets.gateways.http.prometheus import Prometheus

# No Spark names an application so; that the server says it does not know it is the good answer.
_NO_APPLICATION = "lm-doctor"


def server_diagnoses(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Give how each optional server is that the environment names, and which are not named."""
    if environment.get("LM_HISTORY_SERVER_URL"):
        yield diagnose(
            "History Server",
            lambda: _ask_history_server(environment),
            advice="is LM_HISTORY_SERVER_URL right, and is the server up?",
        )
    else:
        yield not_configured(
            "History Server", "LM_HISTORY_SERVER_URL", "event logs come from the bucket alone"
        )
    if environment.get("LM_PROMETHEUS_URL"):
        yield diagnose(
            "Prometheus",
            lambda: _ask_prometheus(environment),
            advice="is LM_PROMETHEUS_URL right, and is the server up?",
        )
    else:
        yield not_configured(
            "Prometheus", "LM_PROMETHEUS_URL", "restarts and CPU come from delivered files alone"
        )


def channel_diagnoses(
    environment: Mapping[str, str], *, message: str | None = None
) -> Iterator[Diagnosis]:
    """Give how the channels are configured; with a ``message`` it is sent to each of them."""
    for variable in (SLACK_VARIABLE, WEBHOOK_VARIABLE):
        what = "Slack" if variable == SLACK_VARIABLE else "webhook"
        if not environment.get(variable):
            yield not_configured(what, variable, "nobody is told there")
            continue
        names = ("LM_WEBHOOK_SECRET", variable)
        own = {name: environment[name] for name in names if name in environment}
        yield diagnose(
            what,
            lambda own=own: _use_channel(own, message),  # type: ignore[misc]
            advice=f"mend {variable}",
        )


def _ask_history_server(environment: Mapping[str, str]) -> str:
    server = HistoryServer.from_environment(environment)
    assert server is not None
    try:
        server.application(_NO_APPLICATION)
    except UnknownApplicationError:
        return "answers"
    finally:
        server.close()
    return "answers"


def _ask_prometheus(environment: Mapping[str, str]) -> str:
    server = Prometheus.from_environment(environment)
    assert server is not None
    try:
        server.query("vector(1)", at_s=time.time())
    finally:
        server.close()
    return "answers"


def _use_channel(environment: Mapping[str, str], message: str | None) -> str:
    (notifier,) = notifiers_from_environment(environment)
    if message is None:
        return "the address is usable; nothing was sent (lm doctor --send-message)"
    notifier.send({"text": message})
    return "took a message"
