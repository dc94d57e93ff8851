"""Events of alerts as messages are made of them."""

from lm_assets.alerts.telling import Teller, Told
from lm_assets.model.addresses import Addresses
from lm_assets.model.alert import Alert, AlertState, StoredEvent
from lm_assets_tests.alerts.lives import a_sighting, night
from lm_assets_tests.builders import a_metric_catalogue

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
ADDRESSES = Addresses.from_environment(
    {"LM_REPORTS_URL": "https://reports.invalid/", "LM_DAGSTER_URL": "https://dagster.invalid"}
)
TELLER = Teller(metrics=a_metric_catalogue(), addresses=ADDRESSES)


def an_alert(**changes: object) -> Alert:
    fields = {
        "alert_id": "3f9a1c77aa",
        "fingerprint": "0123456789abcdef",
        "stage": "nightly",
        "state": AlertState.OPEN,
        "sighting": a_sighting("a_x", "a_y", size=0.31),
        "first_campaign": CAMPAIGN,
        "last_campaign": CAMPAIGN,
        "opened_at": night(0),
        "last_seen_at": night(1),
    }
    return Alert(**{**fields, **changes})


def told(event: str = "opened", alert: Alert | None = None, **changes: object) -> Told:
    fields = {
        "event_id": "e" * 32,
        "number": 1,
        "alert_id": "3f9a1c77aa",
        "fingerprint": "0123456789abcdef",
        "stage": "nightly",
        "at": night(1),
        "event": event,
        "from_state": None,
        "to_state": "open",
        "by": None,
        "reason": None,
        "campaign": CAMPAIGN,
        "details": {},
        "due_on": ["slack", "webhook"],
        "recorded_at": night(1),
    }
    made = an_alert() if alert is None and event != "digest" else alert
    return Told(event=StoredEvent(**{**fields, **changes}), alert=made)
