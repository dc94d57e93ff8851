"""The answers: the documents of the commands' ``--json``, cut to a size, and saying by how much."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from lm_assets.cli.causes.documents import combination_document
from lm_assets.cli.platform.gate import standing_document
from lm_assets.cli.platform.gate_documents import (
    gate_material,
    known_document,
    wanted_documents,
)
from lm_assets.cli.platform.standing import standing
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import causes_if_any
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.connection import read_only
from lm_assets.gateways.warehouse.known_alerts import known_alerts
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError, UnusableInputError
from lm_assets.reports.escaping import one_line
from lm_assets.reports.insight import by_severity

Document = dict[str, Any]

MOST_ITEMS = 50
LONGEST_TEXT = 400
_RETRY = RetryPolicy(attempts=3)


class Answers:
    """Answers from the stores that an environment names; each is one document of JSON values.

    Nothing is written: the bucket is only read, and Postgres is told so for every connection.
    """

    def __init__(self, environment: Mapping[str, str], *, configuration: Path) -> None:
        self._environment = environment
        self._configuration = configuration

    def campaigns(self, limit: int) -> Document:
        """Return the latest campaigns, the newest first."""
        with self._warehouse() as warehouse:
            found = warehouse.recent_campaigns(limit=_bounded_limit(limit))
        return {"campaigns": msgspec.to_builtins(found)}

    def verdict(self, campaign: str, limit: int) -> Document:
        """Return how a campaign stands: its verdict, its findings and its worst cells."""
        bucket, most = self._bucket(), _bounded_limit(limit)
        found = standing(bucket, campaign)
        document = standing_document(found)
        if found.verdict is None:
            return _bounded(document)
        cells = by_severity(found.verdict.cells)
        findings = found.verdict.findings
        wanted = wanted_documents((), (), configuration=self._configuration, matrix="")
        refused = found.delivery.quarantined
        subject = gate_material(bucket, found.verdict, wanted, quarantined=refused)
        return _bounded(
            {
                **document,
                "findings": msgspec.to_builtins(findings[:most]),
                "cells": msgspec.to_builtins(cells[:most]),
                "left_out": {
                    "findings": max(len(findings) - most, 0),
                    "cells": max(len(cells) - most, 0),
                },
                "gate": known_document(subject),
            }
        )

    def cell(self, campaign: str, combination: str, metric: str) -> Document:
        """Return one cell with the numbers that its verdict rests on, and why it changed.

        ``causes`` is None of a cell that nothing had to be explained of.
        """
        bucket = self._bucket()
        verdict = standing(bucket, campaign).verdict
        cells = () if verdict is None else verdict.cells
        chosen = [c for c in cells if (c.combination, c.metric) == (combination, metric)]
        if not chosen:
            known = sorted({c.metric for c in cells if c.combination == combination})
            raise UnusableInputError(
                "cell",
                f"campaign {campaign!r} has no judged cell {metric!r} of {combination!r}; "
                f"metrics judged there: {', '.join(known) or 'none'}",
            )
        rows = causes_if_any(bucket.store, campaign)
        of_cell = (r for r in rows if r.combination == combination and metric in r.metrics)
        causes = next(map(combination_document, of_cell), None)
        return _bounded({"cell": msgspec.to_builtins(chosen[0]), "causes": causes})

    def history(self, combination: str, metric: str, campaigns: int) -> Document:
        """Return a metric of a combination over its latest campaigns, the oldest first."""
        most = _bounded_limit(campaigns)
        with self._warehouse() as warehouse:
            found = warehouse.combination_history(combination, metrics=[metric], campaigns=most)
        return _bounded({"history": msgspec.to_builtins(found)})

    def open_alerts(self, stage: str) -> Document:
        """Return the alerts of a stage that are open, or that somebody has in hand."""
        with self._warehouse() as warehouse:
            found = known_alerts(warehouse, Stage(stage).value)
        alerts = [{**msgspec.to_builtins(alert), "excuses": alert.excuses} for alert in found]
        return _bounded({"stage": stage, "alerts": alerts})

    def _bucket(self) -> CampaignBucket:
        return CampaignBucket(S3ObjectStore.from_environment(self._environment))

    @contextmanager
    def _warehouse(self) -> Iterator[Warehouse]:
        url = Warehouse.from_environment(self._environment).url
        with Warehouse(read_only(url), retry=_RETRY) as warehouse:
            yield warehouse


def _bounded_limit(limit: int) -> int:
    if limit < 1:
        raise DataFaultError(f"the limit must be 1 or more, got {limit}")
    return min(limit, MOST_ITEMS)


def _bounded(document: Document) -> Document:
    return {name: _cut(value) for name, value in document.items()}


def _cut(value: Any) -> Any:
    """Return JSON values with long texts and long lists cut; a cut list ends by saying so."""
    if isinstance(value, str):
        return one_line(value, limit=LONGEST_TEXT)
    if isinstance(value, Mapping):
        kept = dict(list(value.items())[: 2 * MOST_ITEMS])
        return {_cut(name): _cut(item) for name, item in kept.items()}
    if isinstance(value, Sequence):
        shown = [_cut(item) for item in value[:MOST_ITEMS]]
        more = len(value) - len(shown)
        return [*shown, f"… and {more} more"] if more else shown
    return value
