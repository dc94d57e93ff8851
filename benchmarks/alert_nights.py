"""Thirty simulated nights with ten injected causes, judged by the real judge: what people are told.

320 combinations × the shipped metrics with 5 % noise, 5 runs a side. The causes: three steps in
places and one that comes back there, three single cells, a drift, a shift of the whole matrix and a
spike of one run; four of them end. That late and repeated nights change nothing is tested with
hypothesis (lm_assets_tests/triage/test_replay.py). Somebody acknowledges every alert in the morning
after the night on which it is first told. Suspicions are off, as where fresh runs decide them.

Run: python -m benchmarks alert_nights        (about 2 minutes; --seeds N for more nights)
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.simulated_campaign import PROJECT
from lm_assets.alerts.due import Known, due_events
from lm_assets.alerts.observation import observe
from lm_assets.alerts.transition import after_campaign
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.alert import AlertEventKind, StageAlerts, Statement
from lm_assets.model.campaign import Stage
from lm_assets.model.verdict import Verdict
from lm_assets.regression.calibration.replay import SimulatedSource
from lm_assets.regression.calibration.simulation import (
    EffectKind,
    InjectedEffect,
    Noise,
    SimulatedMatrix,
)
from lm_assets.regression.judge import judge

NIGHTS = 30
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

    return count(
        lived([observation(n) for n in range(NIGHTS)], policy), injected, matrix.dimensions
    )


@dataclass
class Lived:
    """Thirty nights: the last state, every alert, and what people were told of which."""

    state: StageAlerts
    alerts: dict
    told: list
    acknowledged: dict
    after_acknowledgement: int = 0
    worse_than_acknowledged: int = 0


def lived(nights: Iterable, policy) -> Lived:
    """Apply the nights in order; acknowledge each alert once, in the morning after it was told."""
    state, statements, alerts, told, acknowledged = None, [], {}, [], {}
    after = worse = 0
    for seen in nights:
        before = () if state is None else state.alerts
        state = after_campaign(state, statements, seen, policy=policy)
        alerts |= {alert.alert_id: alert for alert in state.alerts}
        known = Known(
            alerts=alerts,
            was_live=tuple(a for a in before if a.is_live),
            was_told=frozenset(e.alert_id for e in told),
            newest_campaign=seen.campaign,
        )
        due = due_events(state.events, known, policy.alerts)
        for event in (e for e in state.events if e.event_id in due):
            told.append(event)
            until = acknowledged.get(event.alert_id)
            is_quiet = until is not None and event.at < until
            after += is_quiet and event.event is AlertEventKind.REMINDED
            worse += is_quiet and event.event is AlertEventKind.WORSENED
        for alert in state.alerts:
            if alert.state == "open" and alert.alert_id not in acknowledged:
                at = seen.at + timedelta(hours=5)
                acknowledged[alert.alert_id] = at + timedelta(days=7)
                statements.append(
                    Statement(
                        statement_id=f"ack-{alert.alert_id}",
                        stage="nightly",
                        alert_id=alert.alert_id,
                        fingerprint=alert.fingerprint,
                        at=at,
                        says=AlertEventKind.ACKNOWLEDGED,
                        by="simulated",
                        reason="looked at it",
                        until=at + timedelta(days=7),
                    )
                )
    return Lived(
        state=state,
        alerts=alerts,
        told=told,
        acknowledged=acknowledged,
        after_acknowledgement=after,
        worse_than_acknowledged=worse,
    )


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
            live = {a.alert_id for a in life.state.alerts if a.is_live} & about
            counts["open after recovery"] += bool(live)
        counts["last night"] = max(counts["last night"], (ended - BEGIN).days)
    counts["alerts"] = len(life.alerts)
    counts["alerts about no cause"] = len(life.alerts.keys() - claimed)
    counts["messages"] = len(life.told)
    counts["messages in an acknowledgement"] = life.after_acknowledgement
    counts["worse than acknowledged"] = life.worse_than_acknowledged
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
    for name in ("never told", "messages in an acknowledgement", "open after recovery"):
        print(f"{name}: {total[name]} (floor: 0)")


if __name__ == "__main__":
    main()
