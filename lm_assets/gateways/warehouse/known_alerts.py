"""The alerts of a stage as a gate asks for them: what is open, and what somebody has in hand."""

from dataclasses import fields

import msgspec
from psycopg import sql

from lm_assets.gateways.warehouse.warehouse import Warehouse
from lm_assets.model.known_alert import KnownAlert

# In the order of `KnownAlert`'s fields. What has worsened is told anew, and people's word was about
# less: later by the campaigns' time, or later by when it came to be known, for a campaign of an
# earlier time may land after people spoke. An acknowledgement that is over holds no longer, whether
# or not a campaign has come since to say so.
_KNOWN = sql.SQL("""
SELECT a.alert_id, a.fingerprint, a.kind, a.metric,
       CASE WHEN a.state = 'acknowledged' AND a.acknowledged_until <= now() THEN 'open'
            ELSE a.state END,
       a.metrics, a.combinations, a.located_in,
       coalesce(a.acknowledged_by, a.resolved_by, ''), a.acknowledged_until,
       coalesce(a.reason, ''), coalesce(a.owner, ''), coalesce(a.reference, ''),
       EXISTS (SELECT FROM alert_events e
               WHERE e.alert_id = a.alert_id AND e.event = 'worsened'
                 AND (e.at > coalesce(a.acknowledged_at, a.resolved_at)
                      OR e.number > (SELECT max(said.number) FROM alert_events said
                                     WHERE said.alert_id = a.alert_id
                                       AND said.event IN ('acknowledged', 'accepted'))))
FROM alerts a
WHERE a.stage = %s AND a.state IN ('open', 'acknowledged', 'accepted')
ORDER BY a.opened_at DESC, a.alert_id""")


def known_alerts(warehouse: Warehouse, stage: str) -> list[KnownAlert]:
    """Return the alerts of a stage that are open, acknowledged or accepted, the newest first."""
    names = tuple(field.name for field in fields(KnownAlert))
    return [
        msgspec.convert(dict(zip(names, row, strict=True)), KnownAlert)
        for row in warehouse.read(_KNOWN, [stage])
    ]
