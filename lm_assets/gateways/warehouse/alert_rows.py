"""An alert and its events as rows, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lm_assets.gateways.warehouse.rows import json_value
from lm_assets.model.alert import Alert, AlertEvent, AlertState, Resolution, Sighting
from lm_assets.model.verdict import Verdict

ALERT_COLUMNS = (
    *("alert_id", "fingerprint", "stage", "kind", "metric", "metrics", "located_in"),
    *("combinations", "verdict", "state", "change", "change_ci95_low", "change_ci95_high"),
    *("change_unit", "cells", "message", "first_campaign", "last_campaign", "opened_at"),
    *("last_seen_at", "clean_campaigns", "acknowledged_by", "acknowledged_at"),
    *("acknowledged_until", "resolution", "reason", "resolved_by", "resolved_at", "owner"),
    *("reference", "duplicate_of", "reopened_count", "last_notified_at", "last_notified_change"),
)
_OWN_NAMES = (
    *("alert_id", "fingerprint", "stage", "first_campaign", "last_campaign", "opened_at"),
    *("last_seen_at", "clean_campaigns", "acknowledged_by", "acknowledged_at"),
    *("acknowledged_until", "reason", "resolved_by", "resolved_at", "owner", "reference"),
    *("duplicate_of", "reopened_count"),
)
_MORE = ("until", "owner", "reference", "resolution", "duplicate_of", "worsened_at")


def alert_row(alert: Alert) -> Mapping[str, Any]:
    """Return an alert as a row, by column."""
    seen = alert.sighting
    low, high = seen.change_ci95 or (None, None)
    return {
        **{name: getattr(alert, name) for name in _OWN_NAMES},
        "state": str(alert.state),
        "resolution": alert.resolution and str(alert.resolution),
        "last_notified_at": alert.told_at,
        "last_notified_change": alert.told_change,
        "kind": seen.kind,
        "metric": seen.metric,
        "metrics": list(seen.metrics),
        "located_in": json_value(seen.where),
        "combinations": list(seen.combinations),
        "verdict": str(seen.verdict),
        "change": seen.change,
        "change_ci95_low": low,
        "change_ci95_high": high,
        "change_unit": seen.change_unit,
        "cells": seen.cells,
        "message": seen.message,
    }


def alert_of_row(row: Mapping[str, Any]) -> Alert:
    """Return the alert that a row tells of; what only a replay needs is not in it."""
    interval = (row["change_ci95_low"], row["change_ci95_high"])
    return Alert(
        **{name: row[name] for name in _OWN_NAMES},
        state=AlertState(row["state"]),
        resolution=row["resolution"] and Resolution(row["resolution"]),
        told_at=row["last_notified_at"],
        told_change=row["last_notified_change"],
        sighting=Sighting(
            kind=row["kind"],
            metric=row["metric"],
            verdict=Verdict(row["verdict"]),
            where=row["located_in"],
            combinations=tuple(row["combinations"]),
            metrics=tuple(row["metrics"]),
            change=row["change"],
            change_ci95=None if None in interval else interval,
            change_unit=row["change_unit"],
            cells=row["cells"],
            message=row["message"],
        ),
    )


def details(event: AlertEvent) -> Mapping[str, Any]:
    """Return the figures of an event's moment, and what else goes with it, by name."""
    more = {name: value for name in _MORE if (value := getattr(event, name)) is not None}
    return more if event.sighting is None else {**more, **asdict(event.sighting)}
