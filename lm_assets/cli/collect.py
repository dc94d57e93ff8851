"""``lm collect``: one load run's canonical record from any mix of sources."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from lm_assets.cli.collected_record import collected_record, explanations, indented
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import policy_option
from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.pods.snapshot import SnapshotWindow, ask_pods
from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.metrics import ask_prometheus
from lm_assets.collect.result_line import MAX_LINE_BYTES, ResultLine, parse_result_line
from lm_assets.collect.source_answers import (
    SourceAnswer,
    ask_result_line,
    explain_answers,
)
from lm_assets.collect.spark.event_log import local_event_log_parts
from lm_assets.collect.spark.sources import ApplicationRef, ask_event_log, ask_history_server
from lm_assets.gateways.bucket.record_json import record_to_json
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.http.history_server import HistoryServer, Patience
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets.model.errors import LmError, UnusableInputError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.record import RunRecord

_RUN = "run"


class Moment(click.ParamType):  # type: ignore[type-arg]
    """ISO 8601 with a zone."""

    name = "ISO 8601"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment in UTC, or refuse it with the reason."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not ISO 8601, such as 2026-11-22T01:00:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} must say its time zone, such as a final Z", param, ctx)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is out of range", param, ctx)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line names; what it does not, another source of the run may."""

    result_line: BinaryIO | None
    event_log: Path | None
    history_server: str | None
    app_id: str | None
    attempt_id: str | None
    wait_s: float
    prometheus: str | None
    namespace: str | None
    start: datetime | None
    end: datetime | None
    pods: Path | None


@click.command()
@click.option(
    "--result-line",
    type=click.File("rb"),
    help="A file with the run's one result line, or - for standard input. Names what is not "
    "named by the options: application, namespace, start and end.",
)
@click.option(
    "--event-log",
    type=click.Path(path_type=Path, exists=True),
    help="Spark event log: a file, or a rolling folder. Plain, gzip, zstd, lz4 or snappy.",
)
@click.option("--history-server", help="Address of a Spark History Server; needs --app-id.")
@click.option("--app-id", help="Spark application id.")
@click.option("--attempt-id", help="Attempt of the application.  [default: the newest]")
@click.option(
    "--wait-s",
    type=click.FloatRange(min=0, max=3600),
    default=0.0,
    help="How long to wait for an application that the History Server does not know as completed.",
)
@click.option(
    "--prometheus",
    help="Address of Prometheus; needs --namespace. Without --start and --end the window is "
    "that of the result line, the event log or the History Server.",
)
@click.option("--namespace", help="Kubernetes namespace of the run.")
@click.option("--start", type=Moment(), help="Start of the run.")
@click.option("--end", type=Moment(), help="End of the run.")
@click.option(
    "--pods",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What `kubectl get pods -o json` printed before clean-up.",
)
@click.option("--explain", is_flag=True, help="For each metric: source, question, answer (stderr).")
@click.option("--json", "as_json", is_flag=True, help="The record on one line, not indented.")
@policy_option
def collect(explain: bool, as_json: bool, config_directory: Path, **named: object) -> ExitCode:
    """Print one load run's canonical record, from any mix of sources.

    The first of these that has a metric gives it: result line, Prometheus, pods.json, History
    Server, event log. A source that fails leaves its metrics missing with the reason, and the
    others are used. docs/collection.md says where each metric comes from and how exact it is.

    \b
    Examples:
      lm collect --event-log eventlog_v2_spark-1a2b --explain
      lm collect --history-server http://127.0.0.1:18080 --app-id spark-1a2b --pods pods.json
      lm collect --prometheus http://127.0.0.1:9090 --namespace load-42 \\
          --start 2026-11-22T01:00:00Z --end 2026-11-22T01:10:00Z
      lm collect --result-line result.jsonl --event-log eventlog/spark-1a2b.zstd

    Exit codes: 0 ok; 4 when no source gave any value: the record is printed all the same, and says
    why; 1 for a wrong use, such as a file that is not there.
    """
    settings = load_configuration(config_directory)
    asked = Asked(**named)  # type: ignore[arg-type]
    line = _result_line(asked.result_line, settings.metrics)
    answers = _ask_all(asked, line, settings)
    if not answers:
        raise LmError(
            "no source was named: give --result-line, --event-log, --history-server, "
            "--prometheus or --pods"
        )
    if explain:
        explanations(explain_answers(answers, metrics=settings.metrics))
    record = collected_record(answers, settings, line, span=_span(asked, line, answers))
    click.echo(record_to_json(record).decode() if as_json else indented(record))
    return _exit_code(record)


def _result_line(file: BinaryIO | None, metrics: MetricCatalogue) -> ResultLine | None:
    if file is None:
        return None
    content = file.read(MAX_LINE_BYTES + 1)
    if len(content) > MAX_LINE_BYTES:
        raise UnusableInputError("line_too_long", f"{file.name}: {MAX_LINE_BYTES} bytes are read")
    lines = [line for line in content.split(b"\n") if line.strip()]
    if len(lines) != 1:
        raise UnusableInputError("not_one_line", f"{file.name}: {len(lines)} result lines, not one")
    return parse_result_line(lines[0], metrics)


def _ask_all(asked: Asked, line: ResultLine | None, settings: Configuration) -> list[SourceAnswer]:
    answers: list[SourceAnswer] = []
    app_id = asked.app_id or (line.spark_app_id if line else None)
    if line is not None:
        answers.append(ask_result_line(line.measurements))
    if asked.event_log is not None:
        answers.append(ask_event_log(local_event_log_parts(asked.event_log)))
    if asked.history_server is not None:
        answers.append(_from_history_server(asked, app_id))
    span = _span(asked, line, answers)
    if asked.prometheus is not None:
        namespace = asked.namespace or (line.namespace if line else None)
        answers.append(_from_prometheus(asked.prometheus, _window(namespace, span), settings))
    if asked.pods is not None:
        told = next((a.application.app_id for a in answers if a.application is not None), None)
        own = app_id or told or None
        window = SnapshotWindow(started_at=span[0], ended_at=span[1], app_id=own)
        answers.append(ask_pods(asked.pods.read_bytes(), window)[0])
    return answers


def _span(
    asked: Asked, line: ResultLine | None, answers: list[SourceAnswer]
) -> tuple[datetime | None, datetime | None]:
    """Return start and end of the run as the first that knows each says."""
    known = [(asked.start, asked.end)]
    if line is not None:
        known.append((line.started_at, line.ended_at))
    applications = [a.application for a in answers if a.application is not None]
    known += [(each.started_at, each.ended_at) for each in applications]
    return next((s for s, _ in known if s), None), next((e for _, e in known if e), None)


def _from_history_server(asked: Asked, app_id: str | None) -> SourceAnswer:
    if app_id is None:
        raise LmError("--history-server needs --app-id, or a result line with spark_app_id")
    server = HistoryServer(asked.history_server or "")
    try:
        return ask_history_server(
            server,
            ApplicationRef(app_id=app_id, attempt_id=asked.attempt_id),
            patience=Patience(wait_s=asked.wait_s),
        )
    finally:
        server.close()


def _window(namespace: str | None, span: tuple[datetime | None, datetime | None]) -> RunWindow:
    start, end = span
    if namespace is None or start is None or end is None:
        raise LmError(
            "--prometheus needs --namespace, --start and --end, or another source that knows them"
        )
    return RunWindow(run=_RUN, namespace=namespace, started_at=start, ended_at=end)


def _from_prometheus(address: str, window: RunWindow, settings: Configuration) -> SourceAnswer:
    config = parse_collection_config(settings.collection).prometheus
    if config is None:
        raise LmError(f"{settings.directory}/collection.yaml has no part `prometheus`")
    server = Prometheus(address)
    try:
        return ask_prometheus(server, [window], config=config, now=SystemClock().now())[_RUN]
    finally:
        server.close()


def _exit_code(record: RunRecord) -> ExitCode:
    if record.metrics:
        return ExitCode.OK
    click.echo("lm: no source gave any value; `missing` in the record says why", err=True)
    return ExitCode.DATA_FAULT
