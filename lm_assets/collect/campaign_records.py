"""From a campaign's landed objects to its canonical records; what cannot become one is kept too.

Order decides between two deliveries of one run, and the order is that of the keys: whatever order
the objects arrived in, the same objects give the same records.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.collect.landing.landed_objects import LandedCampaign, LandedObject
from lm_assets.collect.result_line import ResultLine, parse_result_line
from lm_assets.collect.source_answers import RESULT_LINE
from lm_assets.gateways.object_store.read_ahead import read_ahead
from lm_assets.model.campaign import Manifest
from lm_assets.model.combination import Combination, Matrix
from lm_assets.model.errors import UnknownCombinationError, UnusableInputError
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import Metric, MetricCatalogue, Tier
from lm_assets.model.record import NODES, QuarantinedLine, RunRecord, SourceObject
from lm_assets.model.visible_text import visible_text

NO_SOURCE = "nothing that was delivered has it"
_NO_NOTES: Mapping[str, Sequence[str]] = {}

_MAX_DETAIL_CHARACTERS = 1000
# White space and byte order marks: what editors and concatenated files leave behind.
_BLANK = b" \t\r\x0b\x0c\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True, slots=True)
class LandedRun:
    """One accepted result line with where it came from and what it is of."""

    folder: str
    combination: Combination
    line: ResultLine
    source: SourceObject


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadResults:
    """Accepted runs in (combination, delivery) order, and every line that was refused."""

    runs: tuple[LandedRun, ...]
    quarantined: tuple[QuarantinedLine, ...]


def read_results(
    landed: LandedCampaign,
    *,
    matrix: Matrix,
    read: Callable[[LandedObject], bytes],
    metrics: MetricCatalogue | None = None,
) -> ReadResults:
    """Return the load runs that a campaign's result files hold.

    Each line is judged alone: a broken one is quarantined and the rest of its file is used.
    ``read`` is called from several threads. ``metrics`` are the shipped ones unless given.
    """
    runs: dict[tuple[str, str], LandedRun] = {}
    quarantined: list[QuarantinedLine] = []
    for (folder, item), content_read in read_ahead(lambda found: read(found[1]), landed.results):
        try:
            content = content_read.result()
        except UnusableInputError as refusal:
            quarantined.append(_refused_object(landed.campaign, item, refusal.rule, refusal.detail))
            continue
        for number, line in enumerate(content.split(b"\n"), start=1):
            if not line.strip(_BLANK):
                continue
            source = SourceObject(key=item.key, etag=item.etag, line=number)
            try:
                run = _landed_run(folder, line, source, matrix, metrics)
                _refuse_second_delivery(runs, run)
            except UnusableInputError as refusal:
                quarantined.append(_quarantined(landed.campaign, source, line, refusal))
            else:
                runs[run.combination.id, run.line.run_id] = run
    in_order = sorted(runs.values(), key=lambda r: (r.combination.id, r.source.key, r.source.line))
    quarantined.extend(_objects_without_use(landed, in_order))
    return ReadResults(runs=tuple(in_order), quarantined=tuple(quarantined))


def canonical_record(
    run: LandedRun,
    *,
    manifest: Manifest,
    metrics: MetricCatalogue,
    measurements: Iterable[Measurements],
    source_notes: Mapping[str, Sequence[str]] = _NO_NOTES,
    behaviour: Mapping[str, int | str] | None = None,
    nodes: Sequence[str] = (),
) -> RunRecord:
    """Return the record of one load run; the first source that has a metric gives it.

    Metrics that no source gives are ``missing``, with every source's reason. ``behaviour`` is what
    was counted of its application, ``nodes`` the machines that its executors were on.
    """
    if run.line.notes:
        source_notes = {RESULT_LINE: run.line.notes, **source_notes}
    merged = metrics.possible(run.line.measurements)
    for source in measurements:
        merged = merged.merged_with(metrics.possible(source))
    return RunRecord(
        campaign=manifest.campaign,
        combination=run.combination.id,
        dimensions=dict(run.combination.dimensions),
        run_id=run.line.run_id,
        started_at=run.line.started_at,
        ended_at=run.line.ended_at,
        subject=manifest.subject,
        environment=dict(manifest.environment),
        tier1_stability=_of_tier(metrics.of_tier(Tier.STABILITY), merged),
        tier2_efficiency=_of_tier(metrics.of_tier(Tier.EFFICIENCY), merged),
        tier3_performance=_of_tier(metrics.of_tier(Tier.PERFORMANCE), merged),
        provenance={n: merged.provenance[n] for n in merged.values if n in metrics},
        missing={
            n: visible_text(merged.missing.get(n, NO_SOURCE))
            for n in metrics.names
            if n not in merged.values
        },
        source_object=run.source,
        exit_code=run.line.exit_code,
        extra=_extra(run.line, merged, metrics)
        | ({"source_notes": visible_notes(source_notes)} if source_notes else {})
        | ({"behaviour": dict(behaviour)} if behaviour else {})
        | ({NODES: list(map(visible_text, nodes))} if nodes else {}),
    )


def visible_notes(source_notes: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return what sources noted, by source, as it may be shown."""
    return {source: list(map(visible_text, notes)) for source, notes in source_notes.items()}


def line_notes(records: Iterable[RunRecord]) -> Mapping[str, int]:
    """Return what was left unread of the records' result lines, each with how many say so."""
    counts: Counter[str] = Counter()
    for record in records:
        notes = record.extra.get("source_notes")
        if isinstance(notes, Mapping):
            counts.update(notes.get(RESULT_LINE, ()))
    return dict(counts.most_common())


def _landed_run(
    folder: str,
    line: bytes,
    source: SourceObject,
    matrix: Matrix,
    metrics: MetricCatalogue | None,
) -> LandedRun:
    parsed = parse_result_line(line, metrics)
    combination = _combination(parsed, folder, matrix)
    return LandedRun(folder=folder, combination=combination, line=parsed, source=source)


def _combination(line: ResultLine, folder: str, matrix: Matrix) -> Combination:
    """Return the combination of a line; its name, its dimension fields and its folder must agree.

    A line without a name is of its folder's combination.
    """
    said = _dimension_fields(line, matrix)
    try:
        if line.name is not None:
            named = matrix.resolve(line.name)
        elif len(said) == len(matrix.dimensions):
            named = matrix.from_dimensions(said)
        else:
            named = matrix.resolve(folder)
        of_folder = matrix.resolve(folder)
    except UnknownCombinationError as error:
        raise UnusableInputError("unknown_combination", str(error)) from error
    if of_folder.id != named.id:
        raise UnusableInputError("contradiction", f"the line says {named.id}, the folder {folder}")
    if others := {k: v for k, v in said.items() if v != named.dimensions[k]}:
        raise UnusableInputError("contradiction", f"the line is of {named.id} and says {others}")
    return named


def _dimension_fields(line: ResultLine, matrix: Matrix) -> dict[str, str]:
    """Return the dimension values that a line states, numbers as text."""
    fields = {"namespace": line.namespace, **line.extra}
    stated = {name: fields.get(name) for name in matrix.dimensions}
    return {name: str(value) for name, value in stated.items() if value not in (None, "")}


def _refuse_second_delivery(runs: Mapping[tuple[str, str], LandedRun], run: LandedRun) -> None:
    first = runs.get((run.combination.id, run.line.run_id))
    if first is None:
        return
    kind = "the same content" if first.line == run.line else "other content"
    raise UnusableInputError(
        "duplicate_run",
        f"run {run.line.run_id!r} of {run.combination.id} was delivered before, with {kind}, "
        f"in {first.source.key} line {first.source.line}",
    )


def _quarantined(
    campaign: str, source: SourceObject, line: bytes, refusal: UnusableInputError
) -> QuarantinedLine:
    return QuarantinedLine(
        campaign=campaign,
        key=source.key,
        line=source.line,
        rule=refusal.rule,
        detail=visible_text(refusal.detail[:_MAX_DETAIL_CHARACTERS]),
        content=line.decode("utf-8", errors="backslashreplace"),
    )


def _objects_without_use(
    landed: LandedCampaign, runs: Iterable[LandedRun]
) -> Iterator[QuarantinedLine]:
    """Yield a refusal for every object that no record was made from; it stays where it is."""
    for item, refusal in landed.refused:
        detail = f"{refusal.detail}; the object was left in place"
        yield _refused_object(landed.campaign, item, refusal.rule, detail)
    known = {(run.folder, run.line.run_id) for run in runs}
    orphans = [(run, item) for run, items in landed.event_logs.items() for item in items]
    for run, item in [*orphans, *landed.pod_snapshots.items(), *landed.profiles.items()]:
        if run not in known:
            detail = (
                f"no accepted result line speaks of run {run[1]!r}; the object was left in place"
            )
            yield _refused_object(landed.campaign, item, "run_without_result_line", detail)


def _refused_object(campaign: str, item: LandedObject, rule: str, detail: str) -> QuarantinedLine:
    return QuarantinedLine(
        campaign=campaign,
        key=item.key,
        line=None,
        rule=rule,
        detail=visible_text(detail),
        content="",
    )


def _of_tier(metrics: Iterable[Metric], merged: Measurements) -> dict[str, float]:
    return {m.name: merged.values[m.name] for m in metrics if m.name in merged.values}


def _extra(line: ResultLine, merged: Measurements, metrics: MetricCatalogue) -> dict[str, object]:
    extra: dict[str, object] = dict(line.extra)
    for name in ("spark_app_id", "namespace"):
        if (value := getattr(line, name)) is not None:
            extra[name] = value
    if unlisted := {n: v for n, v in merged.values.items() if n not in metrics}:
        extra["unlisted_metrics"] = unlisted
    return extra
