"""What ``lm collect`` prints: a canonical record, and where each of its values came from."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from rich.console import Console
from rich.table import Table

from lm_assets.cli.terminal_text import literal
from lm_assets.collect.campaign_records import visible_notes
from lm_assets.collect.result_line import ResultLine
from lm_assets.collect.source_answers import (
    RESULT_LINE,
    ApplicationSpan,
    MetricExplanation,
    SourceAnswer,
    merge_answers,
)
from lm_assets.gateways.bucket.record_json import record_to_json
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.combination import Combination, Matrix
from lm_assets.model.errors import UnknownCombinationError
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import MetricCatalogue, Tier
from lm_assets.model.record import RunRecord, SourceObject
from lm_assets.model.visible_text import visible_text

NO_SOURCE = "no source was asked for it"
# A person reads the table in a file or a pipe too; there it is as wide as its sentences need.
_MINIMUM_COLUMNS = 160


def collected_record(
    answers: Sequence[SourceAnswer],
    settings: Configuration,
    line: ResultLine | None,
    *,
    span: tuple[datetime | None, datetime | None],
) -> RunRecord:
    """Return the record of one run, of no campaign, from what its sources answered."""
    metrics = settings.metrics
    merged = merge_answers(answers, metrics=metrics)
    combination = _combination(line, settings.matrix)
    application = next((a.application for a in answers if a.application is not None), None)
    tiers = {tier: _of_tier(metrics, tier, merged) for tier in Tier}
    return RunRecord(
        campaign="",
        combination=combination.id if combination else "",
        dimensions=dict(combination.dimensions) if combination else {},
        run_id=line.run_id if line else application.name if application else "",
        started_at=span[0],
        ended_at=span[1],
        tier1_stability=tiers[Tier.STABILITY],
        tier2_efficiency=tiers[Tier.EFFICIENCY],
        tier3_performance=tiers[Tier.PERFORMANCE],
        provenance={n: merged.provenance[n] for n in merged.values if n in metrics},
        missing={
            n: visible_text(merged.missing.get(n, NO_SOURCE))
            for n in metrics.names
            if n not in merged.values
        },
        source_object=SourceObject(key="", etag="", line=0),
        exit_code=line.exit_code if line else None,
        extra=_extra(answers, line, application),
    )


def indented(record: RunRecord) -> str:
    """Return a record as a person reads JSON."""
    return msgspec.json.format(record_to_json(record), indent=2).decode()


def explanations(explained: Iterable[MetricExplanation]) -> None:
    """Print to stderr, for each metric, its source, what was asked and what was answered."""
    console = Console(stderr=True, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _MINIMUM_COLUMNS)
    table = Table(box=None, header_style="bold")
    for name in ("metric", "value", "source", "asked", "answered, or why there is none"):
        table.add_column(name, overflow="fold")
    for row in _rows(explained):
        table.add_row(*map(literal, row))
    console.print(table)


def _rows(explained: Iterable[MetricExplanation]) -> Iterator[tuple[str, ...]]:
    for e in explained:
        value = "missing" if e.value is None else f"{e.value:.6g}"
        said = e.answered if e.value is not None else e.reason
        yield e.metric, value, e.source or "", e.asked, said


def _combination(line: ResultLine | None, matrix: Matrix) -> Combination | None:
    if line is None or line.name is None:
        return None
    try:
        return matrix.resolve(line.name)
    except UnknownCombinationError:
        # Only the platform must know it; its name stays among the extra fields.
        return None


def _of_tier(metrics: MetricCatalogue, tier: Tier, merged: Measurements) -> dict[str, float]:
    names = (metric.name for metric in metrics.of_tier(tier))
    return {name: merged.values[name] for name in names if name in merged.values}


def _extra(
    answers: Sequence[SourceAnswer], line: ResultLine | None, application: ApplicationSpan | None
) -> dict[str, object]:
    extra: dict[str, object] = dict(line.extra) if line else {}
    if line is not None and line.name is not None:
        extra["name"] = line.name
    if application is not None and application.app_id:
        extra["spark_app_id"] = application.app_id
    if application is not None and application.attempt_id:
        extra["spark_attempt_id"] = application.attempt_id
    told = {a.source: a.notes for a in answers if a.notes}
    if line is not None and line.notes:
        told = {RESULT_LINE: line.notes, **told}
    if told:
        extra["source_notes"] = visible_notes(told)
    return extra
