"""Thirty simulated nights with ten injected causes, judged by the real judge: what people are told.

320 combinations × the shipped metrics with 5 % noise, 5 runs a side. The causes: three steps in
places and one that comes back there, three single cells, a drift, a shift of the whole matrix and a
spike of one run; four of them end. One night is delivered again two nights later, with other runs.
Somebody acknowledges every alert in the morning after the night on which it is first told.
Suspicions are off, as where fresh runs decide them.

Run: python -m benchmarks alert_nights        (about 2 minutes; --seeds N for more nights)
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.simulated_campaign import PROJECT
from lm_assets.alerts.due import Known, due_events
from lm_assets.alerts.observation import observe
from lm_assets.gateways.bucket.alert_objects import write_statement
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Observation,
    Statement,
)
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.calibration.replay import SimulatedSource
from lm_assets.regression.calibration.simulation import (
    EffectKind,
    InjectedEffect,
    Noise,
    SimulatedMatrix,
)
from lm_assets.regression.judge import judge
from lm_assets.triage.replay import apply_campaign
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

NIGHTS = 30
AGAIN = 12
BEGIN = datetime(2026, 11, 2, 4, tzinfo=UTC)
RELATED = ("duration_s", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What happens to the matrix from one night to another, and whether people must hear of it."""

    name: str
    first: int
    last: int
    effect: InjectedEffect
    is_real: bool = True


def causes(combinations: list, values: dict[str, list[str]]) -> list[Cause]:
    """Return ten causes in places of their own, the widest last."""
    names = sorted(values, key=lambda name: -len(values[name]))[:3]
    one, two, three = ({name: values[name][0]} for name in names)
    other = {names[0]: values[names[0]][1]}

    def step(factor: float, where: dict[str, str], metrics=RELATED, cell: str = ""):
        return InjectedEffect(
            factor=factor, where=where, metrics=metrics, combinations=(cell,) if cell else ()
        )

    places = [one | two, other | three, other | two]
    free = [
        c.id
        for c in combinations
        if not any(all(c.dimensions[n] == v for n, v in p.items()) for p in places)
    ]
    spike = InjectedEffect(kind=EffectKind.SPIKE, factor=2.0, combinations=(free[3],))
    drift = InjectedEffect(
        kind=EffectKind.RAMP, factor=1.9, metrics=RELATED, combinations=(free[40],)
    )
    memory = step(2.5, {}, ("memory_gib_seconds",), free[30])
    cost = step(1.8, places[2], ("cpu_core_seconds",))
    return [
        Cause(name="step in a place", first=3, last=29, effect=step(1.6, places[0])),
        Cause(name="step that ends", first=5, last=9, effect=step(1.7, places[1])),
        Cause(name="step of cost", first=6, last=29, effect=cost),
        Cause(name="one cell", first=8, last=29, effect=step(2.5, {}, cell=free[10])),
        Cause(name="another cell", first=9, last=13, effect=step(3.0, {}, cell=free[20])),
        Cause(name="memory of one cell", first=11, last=29, effect=memory),
        Cause(name="drift", first=10, last=29, effect=drift),
        Cause(name="common shift", first=17, last=22, effect=step(1.3, {})),
        Cause(name="step that comes back", first=15, last=29, effect=step(1.7, places[1])),
        Cause(name="spike of one run", first=20, last=20, is_real=False, effect=spike),
    ]


def is_about(alert, cause: Cause, dimensions) -> bool:
    """Tell whether an alert is about a cause: a metric and a combination of it, and in its time."""
    seen = alert.sighting
    wanted = cause.effect
    if not wanted.where and not wanted.combinations:
        return seen.kind == "common_shift"
    if seen.kind == "common_shift":
        return False
    places = {
        c
        for c, values in dimensions.items()
        if (not wanted.combinations or c in wanted.combinations)
        and all(values[n] == v for n, v in wanted.where.items())
    }
    share = len(places & set(seen.combinations)) / max(1, len(seen.combinations))
    return bool(set(wanted.metrics or RELATED) & set(seen.metrics)) and share > 0.5


def simulate(seed: int) -> Counter:
    """Return the counts of thirty nights."""
    settings = load_configuration(PROJECT / "config")
    policy = settings.regression.stages[Stage.NIGHTLY]
    policy = replace(
        policy,
        alerts=replace(policy.alerts, verdicts=(Verdict.REGRESSED, Verdict.DATA_FAULT)),
    )
    combinations = list(settings.matrix.combinations)[:320]
    values: dict[str, list[str]] = {}
    for combination in combinations:
        for name, value in combination.dimensions.items():
            if value not in values.setdefault(name, []):
                values[name].append(value)
    values = {name: found for name, found in values.items() if len(found) > 1}
    rng = np.random.default_rng(seed)
    matrix = SimulatedMatrix.draw(
        combinations, tuple(m for m in settings.metrics if m.is_judged), rng
    )
    deal = SimulatedSource(matrix=matrix, noise=Noise(relative_sd=0.05), runs=5).deal(rng)
    injected = causes(combinations, values)

    def observation(night: int):
        active = [c for c in injected if c.first <= night <= c.last]
        drift = next(c for c in injected if c.name == "drift")
        progress = max(0.0, (night - drift.first + 1) / (drift.last - drift.first + 1))
        verdict = judge(
            campaign=f"nightly-{night:02}",
            stage=Stage.NIGHTLY,
            baseline=deal.baseline,
            current=deal.current(rng, [c.effect for c in active], progress=min(1.0, progress)),
            metrics=settings.metrics,
            policy=policy,
            dimensions=matrix.dimensions,
        )
        return observe(verdict, at=BEGIN + timedelta(days=night), told=policy.alerts.verdicts)

    delivered = [*range(AGAIN + 3), AGAIN, *range(AGAIN + 3, NIGHTS)]
    return count(lived(map(observation, delivered), policy), injected, matrix.dimensions)


@dataclass
class Lived:
    """Thirty nights: every alert as it is now, its events, and what people were told of which.

    ``acknowledged`` has when somebody took an alert and until when.
    """

    store: InMemoryObjectStore = field(default_factory=InMemoryObjectStore)
    alerts: dict[str, Alert] = field(default_factory=dict)
    events: dict[str, AlertEvent] = field(default_factory=dict)
    told: list[AlertEvent] = field(default_factory=list)
    acknowledged: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def judge(self, seen: Observation, policy: StagePolicy) -> None:
        """Apply a night, tell what is due of it, and take what is open in the morning."""
        was_live = tuple(alert for alert in self.alerts.values() if alert.is_live)
        applied = apply_campaign(self.store, seen, policy=policy)
        self.alerts |= {alert.alert_id: alert for alert in applied.alerts}
        fresh = [event for event in applied.events if event.event_id not in self.events]
        self.events |= {event.event_id: event for event in fresh}
        known = Known(
            alerts=self.alerts,
            was_live=was_live,
            was_told=frozenset(event.alert_id for event in self.told),
            newest_campaign=applied.newest,
        )
        due = due_events(fresh, known, policy.alerts)
        self.told += [event for event in fresh if event.event_id in due]
        for alert in self.alerts.values():
            if alert.state is AlertState.OPEN and alert.alert_id not in self.acknowledged:
                self._acknowledge(alert, at=seen.at + timedelta(hours=5))

    def _acknowledge(self, alert: Alert, *, at: datetime) -> None:
        until = at + timedelta(days=7)
        self.acknowledged[alert.alert_id] = (at, until)
        statement = Statement(
            statement_id=f"ack-{alert.alert_id}",
            stage=alert.stage,
            alert_id=alert.alert_id,
            fingerprint=alert.fingerprint,
            at=at,
            says=AlertEventKind.ACKNOWLEDGED,
            by="simulated",
            reason="looked at it",
            until=until,
        )
        write_statement(self.store, statement)

    def in_acknowledgements(self, *kinds: AlertEventKind) -> list[AlertEvent]:
        """Return what happened to alerts while somebody had them; of all kinds if none is named."""
        return [
            event
            for event in self.events.values()
            if event.alert_id in self.acknowledged
            and self.acknowledged[event.alert_id][0] < event.at
            and event.at < self.acknowledged[event.alert_id][1]
            and (not kinds or event.event in kinds)
        ]


def lived(nights: Iterable[Observation], policy: StagePolicy) -> Lived:
    """Live through nights in the order in which they are delivered."""
    life = Lived()
    for seen in nights:
        life.judge(seen, policy)
    return life


def count(life: Lived, injected: list[Cause], dimensions) -> Counter:
    """Return how the nights turned out."""
    counts = Counter()
    claimed = set()
    for cause in injected:
        about = {a.alert_id for a in life.alerts.values() if is_about(a, cause, dimensions)}
        began = BEGIN + timedelta(days=cause.first)
        ended = BEGIN + timedelta(days=cause.last)
        told = [e for e in life.told if e.alert_id in about and began <= e.at]
        claimed |= about
        if cause.is_real:
            counts["causes"] += 1
            counts["never told"] += not told
            if not told:
                print(f"  never told: {cause.name}")
        comes_back = any(
            other.effect.where == cause.effect.where and other.first > cause.last
            for other in injected
            if cause.effect.where
        )
        if cause.last < NIGHTS - 4 and not comes_back:
            live = {a.alert_id for a in life.alerts.values() if a.is_live} & about
            counts["open after recovery"] += bool(live)
        counts["last night"] = max(counts["last night"], (ended - BEGIN).days)
    counts["alerts"] = len(life.alerts)
    counts["alerts about no cause"] = len(life.alerts.keys() - claimed)
    counts["messages"] = len(life.told)
    told = {event.event_id for event in life.told}
    # A recovery ends the acknowledgement, and is told.
    quiet = [e for e in life.in_acknowledgements() if e.event is not AlertEventKind.RECOVERED]
    counts["messages in an acknowledgement"] = sum(e.event_id in told for e in quiet)
    worse = {e.alert_id for e in life.in_acknowledgements(AlertEventKind.WORSENED)}
    ended = [e for e in life.events.values() if e.event is AlertEventKind.EXPIRED]
    told_then = {e.alert_id for e in ended if e.worsened_at and e.event_id in told}
    counts["got worse in an acknowledgement"] = len(worse)
    counts["of them told at its end"] = len(worse & told_then)
    counts["worse and not told at its end"] = len(
        worse & {event.alert_id for event in ended} - told_then
    )
    for alert in life.alerts.values():
        if alert.alert_id not in claimed:
            print(f"  about no cause: {alert.first_campaign} {alert.sighting.message[:150]}")
    for kind, number in Counter(str(e.event) for e in life.told).items():
        counts[f"told {kind}"] = number
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    total: Counter = Counter()
    for seed in range(parser.parse_args().seeds):
        counts = simulate(seed)
        del counts["last night"]
        print(f"seed {seed}: {dict(counts)}", flush=True)
        total += counts
    print(f"alerts per cause: {total['alerts'] / total['causes']:.2f} (floor: 1.1 at most)")
    for name in (
        "never told",
        "messages in an acknowledgement",
        "worse and not told at its end",
        "open after recovery",
    ):
        print(f"{name}: {total[name]} (floor: 0)")


if __name__ == "__main__":
    main()
