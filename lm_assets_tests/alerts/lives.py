"""Small stages with lives of alerts: builders of observations, and any of them by hypothesis."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from lm_assets.alerts.identity import fingerprint_of
from lm_assets.alerts.transition import after_campaign
from lm_assets.model.alert import (
    AlertEventKind,
    CellOutcomes,
    Observation,
    Resolution,
    Sighting,
    StageAlerts,
    Statement,
)
from lm_assets.model.policy import AlertPolicy, StagePolicy
from lm_assets.model.verdict import Verdict

# A Monday.
BEGIN = datetime(2026, 11, 2, 6, tzinfo=UTC)
COMBINATIONS = ("a_x", "a_y", "b_x", "b_y")
METRICS = ("cpu_core_seconds", "duration_s")
WIDE = {"group": "a"}
POLICY = StagePolicy(
    alerts=AlertPolicy(
        channels=("slack", "webhook"),
        verdicts=(Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.DATA_FAULT),
    )
)


def night(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def a_sighting(
    *combinations: str, metric: str = "duration_s", size: float = 0.3, **changes: object
) -> Sighting:
    """Return one cell's regression, or that of group a where several combinations are named."""
    is_wide = len(combinations) > 1
    fields = {
        "kind": "dimension" if is_wide else "cell",
        "where": WIDE if is_wide else {},
        "metric": metric,
        "verdict": Verdict.REGRESSED,
        "combinations": combinations or ("a_x",),
        "metrics": (metric,),
        "change": size,
        "change_ci95": (size - 0.05, size + 0.05),
        "sizes": {metric: size},
        "units": {metric: "relative"},
        "cells": max(1, len(combinations)),
        "message": f"{metric} {size:+.0%}",
    }
    return Sighting(**{**fields, **changes})


def outcomes(sightings: Sequence[Sighting] = (), *, otherwise: str = "c") -> CellOutcomes:
    worse = {(c, m) for s in sightings for c in s.combinations for m in s.metrics}
    return CellOutcomes(
        combinations=COMBINATIONS,
        metrics=METRICS,
        rows=tuple(
            "".join("r" if (c, m) in worse else otherwise for m in METRICS) for c in COMBINATIONS
        ),
    )


def a_night(
    number: float,
    *sightings: Sighting,
    otherwise: str = "c",
    campaign: str = "",
    verdict: Verdict | None = None,
) -> Observation:
    """Return what a night's campaign shows; the cells it does not name are all ``otherwise``."""
    default = Verdict.REGRESSED if sightings else Verdict.UNCHANGED
    return Observation(
        campaign=campaign or f"nightly-{number:g}",
        stage="nightly",
        at=night(number),
        verdict=verdict or default,
        sightings=sightings,
        outcomes=outcomes(sightings, otherwise=otherwise),
    )


def a_statement(
    number: float, says: AlertEventKind, sighting: Sighting, **changes: object
) -> Statement:
    """Return what somebody said of the alert of a cause."""
    fields = {
        "statement_id": f"said-{number:g}-{says}",
        "stage": "nightly",
        "alert_id": "",
        "fingerprint": fingerprint_of("nightly", sighting),
        "at": night(number),
        "says": says,
        "by": "ada@example.org",
        "reason": "looked at it",
        "until": night(number + 7) if says is AlertEventKind.ACKNOWLEDGED else None,
        "resolution": Resolution.NOISE if says is AlertEventKind.DISMISSED else None,
    }
    return Statement(**{**fields, **changes})


def lived(
    nights: Sequence[Observation],
    statements: Sequence[Statement] = (),
    *,
    policy: StagePolicy = POLICY,
) -> list[StageAlerts]:
    """Return a stage's alerts after each night, in the order of the nights."""
    states: list[StageAlerts] = []
    for observation in sorted(nights, key=lambda o: (o.at, o.campaign)):
        before = states[-1] if states else None
        states.append(after_campaign(before, statements, observation, policy=policy))
    return states


SIGHTINGS = st.builds(
    lambda places, metric, size: a_sighting(*places, metric=metric, size=size),
    st.sampled_from([("a_x",), ("a_y",), ("b_x",), ("a_x", "a_y"), COMBINATIONS]),
    st.sampled_from(METRICS),
    st.sampled_from([0.25, 0.4, 0.9]),
) | st.sampled_from(
    [
        Sighting(kind="campaign", metric="", verdict=Verdict.DATA_FAULT, message="no runs"),
        Sighting(
            kind="limit",
            metric="oom_kills",
            verdict=Verdict.REGRESSED,
            combinations=("a_x", "b_x"),
            metrics=("oom_kills",),
        ),
        Sighting(
            kind="common_shift",
            metric="duration_s",
            verdict=Verdict.REGRESSED,
            metrics=("duration_s",),
            sizes={"duration_s": 0.3},
        ),
    ]
)
NIGHTS = st.lists(
    st.tuples(
        st.lists(SIGHTINGS, max_size=3, unique_by=lambda s: fingerprint_of("nightly", s)),
        st.sampled_from("cc-s"),
    ),
    min_size=1,
    max_size=9,
).map(
    lambda made: [
        a_night(number, *sightings, otherwise=otherwise)
        for number, (sightings, otherwise) in enumerate(made)
    ]
)
STATEMENTS = st.lists(
    st.builds(
        a_statement,
        st.integers(0, 90).map(lambda n: n / 10 + 0.05),
        st.sampled_from(
            [
                AlertEventKind.ACKNOWLEDGED,
                AlertEventKind.ACCEPTED,
                AlertEventKind.DISMISSED,
                AlertEventKind.RESOLVED,
                AlertEventKind.REOPENED,
            ]
        ),
        SIGHTINGS,
    ),
    max_size=6,
    unique_by=lambda s: s.statement_id,
)
