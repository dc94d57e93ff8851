"""Every source asked for every load run of a campaign; a source that fails loses no run."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from lm_assets.collect.campaign_records import LandedRun
from lm_assets.collect.collection_config import PrometheusConfig
from lm_assets.collect.delivered_logs import (
    LogsRead,
    ask_delivered_log,
    delivered_log,
    with_profile_kept,
)
from lm_assets.collect.landing.landed_objects import LandedCampaign, LandedObject
from lm_assets.collect.pods.snapshot import POD_METRICS, SnapshotWindow, ask_pods
from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.metrics import PROMETHEUS_METRICS, ask_prometheus
from lm_assets.collect.source_answers import (
    EVENT_LOG,
    HISTORY_SERVER,
    PODS,
    PROMETHEUS,
    ApplicationSpan,
    SourceAnswer,
    failed_source,
)
from lm_assets.collect.spark.metrics import APPLICATION_METRICS
from lm_assets.collect.spark.sources import ApplicationRef, ask_history_server
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets.gateways.object_store.protocol import ObjectStore, ObjectTooLargeError

T = TypeVar("T")

MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024
_BETWEEN_LOOKS_S = 5.0
_PROGRESS_REPORTS = 20
_NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The servers that are asked beside the bucket; one that is not configured is ``None``."""

    history_server: HistoryServer | None = None
    prometheus: Prometheus | None = None
    prometheus_config: PrometheusConfig | None = None


@dataclass(frozen=True, kw_only=True)
class RunSources:
    """What can be asked of a campaign's runs.

    Parameters
    ----------
    store : ObjectStore
        Where event logs and pod snapshots were delivered.
    servers : Servers
    concurrency : int
        How many runs are asked for at a time.
    history_server_wait_s : float
        How long the campaign as a whole waits for applications that the History Server does not
        know, or not as completed, yet.
    logs_read : mapping
        What event logs said that were read ahead (see ``shards``).
    sleep : callable
        What waits; seconds.
    """

    store: ObjectStore
    servers: Servers = Servers()
    concurrency: int = 8
    history_server_wait_s: float = 0.0
    logs_read: LogsRead = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self,
        runs: Sequence[LandedRun],
        landed: LandedCampaign,
        *,
        now: datetime,
        report_progress: Callable[[str], None],
    ) -> list[list[SourceAnswer]]:
        """Return every source's answer for each run, in the runs' order."""
        of_prometheus = self._ask_prometheus(runs, now)
        if of_prometheus:
            report_progress(f"Prometheus answered for {len(of_prometheus)} load runs")
        with ThreadPoolExecutor(self.concurrency) as pool:
            asked = pool.map(partial(self._ask_run, landed=landed), runs)
            answers = list(_with_progress(asked, of=len(runs), report_progress=report_progress))
            self._ask_pending(runs, answers, pool, report_progress)
        for number, of_run in enumerate(answers):
            if (answer := of_prometheus.get(str(number))) is not None:
                of_run.append(answer)
        return answers

    def _ask_run(self, run: LandedRun, landed: LandedCampaign) -> list[SourceAnswer]:
        place = (run.folder, run.line.run_id)
        answers = [self._log_of(run, landed)]
        if (snapshot := landed.pod_snapshots.get(place)) is not None:
            answers.append(self._pods(run, snapshot, answers[0].application))
        if self.servers.history_server is not None:
            answers.append(self._history_server(self.servers.history_server, run))
        return with_profile_kept(answers, run, store=self.store, campaign=landed.campaign)

    def _log_of(self, run: LandedRun, landed: LandedCampaign) -> SourceAnswer:
        """Return what the run's log says: as it was read ahead, unless it is another one now."""
        read = self.logs_read.get((run.combination.id, run.line.run_id))
        log = delivered_log(run, landed)
        if read is not None and read.digest == log.digest:
            return read.answer
        return ask_delivered_log(self.store, log)

    def _ask_pending(
        self,
        runs: Sequence[LandedRun],
        answers: Sequence[list[SourceAnswer]],
        pool: ThreadPoolExecutor,
        report_progress: Callable[[str], None],
    ) -> None:
        """Ask the History Server again, while there is time, for what it may know soon."""
        server = self.servers.history_server
        waited_s = 0.0
        while server is not None and waited_s < self.history_server_wait_s:
            pending = [n for n, of_run in enumerate(answers) if _is_waited_for(of_run)]
            if not pending:
                return
            report_progress(
                f"the History Server does not know {len(pending)} applications as completed yet: "
                f"asking again in {_BETWEEN_LOOKS_S:g} s"
            )
            self.sleep(_BETWEEN_LOOKS_S)
            waited_s += _BETWEEN_LOOKS_S
            again = pool.map(lambda n: self._history_server(server, runs[n]), pending)
            for number, answer in zip(pending, again, strict=True):
                others = [a for a in answers[number] if a.source != HISTORY_SERVER]
                answers[number][:] = [*others, replace(answer, profile=b"")]

    def _pods(
        self, run: LandedRun, snapshot: LandedObject, logged: ApplicationSpan | None
    ) -> SourceAnswer:
        window = SnapshotWindow(
            started_at=run.line.started_at,
            ended_at=run.line.ended_at,
            app_id=run.line.spark_app_id or (logged.app_id if logged else None) or None,
        )
        try:
            content = self.store.read(snapshot.key, max_bytes=MAX_SNAPSHOT_BYTES)
            return ask_pods(content, window)[0]
        except ObjectTooLargeError as error:
            return failed_source(PODS, POD_METRICS, asked=snapshot.key, reason=str(error))

    def _history_server(self, server: HistoryServer, run: LandedRun) -> SourceAnswer:
        if run.line.spark_app_id is None:
            reason = "the result line names no spark_app_id"
            return failed_source(HISTORY_SERVER, APPLICATION_METRICS, asked=_NOTHING, reason=reason)
        return ask_history_server(server, ApplicationRef(app_id=run.line.spark_app_id))

    def _ask_prometheus(
        self, runs: Sequence[LandedRun], now: datetime
    ) -> Mapping[str, SourceAnswer]:
        """Return Prometheus' answers by the run's place in the list."""
        server, config = self.servers.prometheus, self.servers.prometheus_config
        if server is None or config is None:
            return {}
        windows: list[RunWindow] = []
        answers: dict[str, SourceAnswer] = {}
        for number, run in enumerate(runs):
            line = run.line
            if line.namespace is None or line.started_at is None or line.ended_at is None:
                answers[str(number)] = failed_source(
                    PROMETHEUS,
                    PROMETHEUS_METRICS,
                    asked=_NOTHING,
                    reason="the result line has no namespace, or no start and end",
                )
            else:
                windows.append(
                    RunWindow(
                        run=str(number),
                        namespace=line.namespace,
                        started_at=line.started_at,
                        ended_at=line.ended_at,
                    )
                )
        return answers | ask_prometheus(
            server, windows, config=config, now=now, concurrency=self.concurrency
        )


def _with_progress(
    answers: Iterable[T], *, of: int, report_progress: Callable[[str], None]
) -> Iterator[T]:
    """Pass answers on as they come, and report some twenty times how far it is."""
    for number, answer in enumerate(answers, start=1):
        if number == of or number % max(of // _PROGRESS_REPORTS, 1) == 0:
            report_progress(f"asked for {number} of {of} load runs")
        yield answer


def _is_waited_for(answers: Sequence[SourceAnswer]) -> bool:
    """Whether the History Server may still give what no event log gave."""
    has_log = any(a.source == EVENT_LOG and a.measurements.values for a in answers)
    return not has_log and any(a.is_pending for a in answers)
