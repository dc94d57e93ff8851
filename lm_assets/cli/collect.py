"""``lm collect``: one load run's canonical record from any mix of sources."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from lm_assets.cli.options import policy_option
from lm_assets.collect.application_sources import (
    ApplicationRef,
    ask_event_log,
    ask_history_server,
)
from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.event_log import local_event_log_parts
from lm_assets.collect.pod_snapshot import SnapshotWindow, ask_pods
from lm_assets.collect.prometheus_batches import RunWindow
from lm_assets.collect.prometheus_metrics import ask_prometheus
from lm_assets.collect.source_answers import (
    MetricExplanation,
    SourceAnswer,
    explain_answers,
    merge_answers,
)
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.history_server import HistoryServer
from lm_assets.gateways.prometheus import Prometheus
from lm_assets.gateways.record_json import record_to_json
from lm_assets.model.errors import LmError
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import MetricCatalogue, Tier
from lm_assets.model.record import RunRecord, SourceObject

NO_SOURCE = "no source was asked for it"
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
        return moment.astimezone(UTC)


@click.command()
@click.option(
    "--event-log",
    type=click.Path(path_type=Path, exists=True),
    help="Spark event log: a file, or a rolling folder.",
)
@click.option("--history-server", help="Address of a Spark History Server; needs --app-id.")
@click.option("--app-id", help="Spark application id.")
@click.option("--prometheus", help="Address of Prometheus; needs --namespace, --start, --end.")
@click.option("--namespace", help="Kubernetes namespace of the run.")
@click.option("--start", type=Moment(), help="Start of the run.")
@click.option("--end", type=Moment(), help="End of the run.")
@click.option(
    "--pods",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What `kubectl get pods -o json` printed before clean-up.",
)
@click.option("--explain", is_flag=True, help="For each metric: source, question, answer (stderr).")
@click.option("--json", "as_json", is_flag=True, help="The record on one line; the default too.")
@policy_option
def collect(
    event_log: Path | None,
    history_server: str | None,
    app_id: str | None,
    prometheus: str | None,
    namespace: str | None,
    start: datetime | None,
    end: datetime | None,
    pods: Path | None,
    explain: bool,
    as_json: bool,
    config_directory: Path,
) -> None:
    """Print one load run's canonical record, from any mix of sources.

    The first available source of a metric gives it; a source that fails leaves its metrics missing
    with the reason, and the others are used.

    \b
    Examples:
      lm collect --event-log eventlog_v2_spark-1a2b --explain
      lm collect --history-server http://127.0.0.1:18080 --app-id spark-1a2b --pods pods.json
      lm collect --prometheus http://127.0.0.1:9090 --namespace load-42 \\
          --start 2026-11-22T01:00:00Z --end 2026-11-22T01:10:00Z
    """
    settings = load_configuration(config_directory)
    answers: list[SourceAnswer] = []
    if event_log is not None:
        answers.append(ask_event_log(local_event_log_parts(event_log)))
    if history_server is not None:
        answers.append(_from_history_server(history_server, app_id))
    if prometheus is not None:
        answers.append(_from_prometheus(prometheus, _window(namespace, start, end), settings))
    if pods is not None:
        window = SnapshotWindow(started_at=start, ended_at=end, app_id=app_id)
        answers.append(ask_pods(pods.read_bytes(), window)[0])
    if not answers:
        raise LmError(
            "no source was named: give --event-log, --history-server, --prometheus, --pods"
        )
    if explain:
        names = settings.metrics.names
        Console(stderr=True).print(_explanations(explain_answers(answers, metrics=names)))
    record = _record(merge_answers(answers), settings.metrics, app_id=app_id, span=(start, end))
    click.echo(record_to_json(record).decode() if as_json else _indented(record))


def _from_history_server(address: str, app_id: str | None) -> SourceAnswer:
    if app_id is None:
        raise LmError("--history-server needs --app-id")
    server = HistoryServer(address)
    try:
        return ask_history_server(server, ApplicationRef(app_id=app_id))
    finally:
        server.close()


def _window(namespace: str | None, start: datetime | None, end: datetime | None) -> RunWindow:
    if namespace is None or start is None or end is None:
        raise LmError("--prometheus needs --namespace, --start and --end")
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


def _record(
    merged: Measurements,
    metrics: MetricCatalogue,
    *,
    app_id: str | None,
    span: tuple[datetime | None, datetime | None],
) -> RunRecord:
    tiers = {
        tier: {
            m.name: merged.values[m.name] for m in metrics.of_tier(tier) if m.name in merged.values
        }
        for tier in Tier
    }
    return RunRecord(
        campaign="",
        combination="",
        dimensions={},
        run_id=app_id or "",
        started_at=span[0],
        ended_at=span[1],
        tier1_stability=tiers[Tier.STABILITY],
        tier2_efficiency=tiers[Tier.EFFICIENCY],
        tier3_performance=tiers[Tier.PERFORMANCE],
        provenance={n: merged.provenance[n] for n in merged.values if n in metrics},
        missing={
            n: merged.missing.get(n, NO_SOURCE) for n in metrics.names if n not in merged.values
        },
        source_object=SourceObject(key="", etag="", line=0),
    )


def _indented(record: RunRecord) -> str:
    return msgspec.json.format(record_to_json(record), indent=2).decode()


def _explanations(explained: tuple[MetricExplanation, ...]) -> Table:
    table = Table(box=None, header_style="bold")
    for name in ("metric", "value", "source", "asked", "answered, or why there is none"):
        table.add_column(name, overflow="fold")
    for row in _rows(explained):
        table.add_row(*row)
    return table


def _rows(explained: tuple[MetricExplanation, ...]) -> Iterator[tuple[str, ...]]:
    for e in explained:
        value = "missing" if e.value is None else f"{e.value:.6g}"
        yield (
            e.metric,
            value,
            e.source or "",
            e.asked,
            e.answered if e.value is not None else e.reason,
        )
