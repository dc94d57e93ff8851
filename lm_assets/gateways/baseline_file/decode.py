"""Nodes of the catalogue file to baselines; every rule that an entry must keep is checked here."""

import contextlib
import gc
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lm_assets.gateways.baseline_file.format import FORMAT_VERSION
from lm_assets.gateways.baseline_file.nodes import At, Node, is_null, parse_nodes
from lm_assets.model.baseline import (
    LARGEST_SAMPLE,
    AcknowledgedFinding,
    Baseline,
    BaselineAnchor,
    BaselineStatus,
    MetricBaseline,
    RejectedRun,
)
from lm_assets.model.campaign import Subject
from lm_assets.model.errors import ConfigurationError

# A t quantile's last digits may differ between C libraries; an edit by hand does not hide here.
_RELATIVE_TOLERANCE = 1e-9
_LONGEST_NAME = 512

_ENTRY_REQUIRED = frozenset(
    {"status", "sample_size", "created_at", "updated_at", "source_campaigns", "subject"}
    | {"environment", "reason", "metrics"}
)
_ENTRY_OPTIONAL = frozenset(
    {"runs", "nodes", "rejected_runs", "allowed_guards", "acknowledged_findings", "anchor"}
)
_SUBJECT = frozenset({"git_sha", "version_labels", "image_digests"})
_METRIC = frozenset({"samples", "mean", "stddev", "ci95"})
# Files from before sources were kept have none.
_SOURCES = frozenset({"sources"})
_ANCHOR = frozenset({"set_at", "source_campaigns", "reason", "samples"})
_ACKNOWLEDGED = frozenset({"finding", "by", "at", "reason", "loss", "loss_since_anchor"})
_REJECTED = frozenset({"campaign", "run_id", "reason"})
_NONE: frozenset[str] = frozenset()


def decode_catalogue(text: str, file: str) -> dict[str, Baseline]:
    """Return the entries of a catalogue's text by combination.

    Raises
    ------
    ConfigurationError
        For the first entry that breaks a rule, with its line; it counts the other bad entries.
    """
    with _collector_paused():
        root = parse_nodes(text, file)
        return {} if root is None else _entries(At(file), root)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking half a million nodes again and again: half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _entries(at: At, root: Node) -> dict[str, Baseline]:
    fields = at.fields(root, frozenset({"format", "baselines"}), _NONE)
    if fields["format"][1:] != ("", str(FORMAT_VERSION)):
        (at / "format").refuse(fields["format"], f"must be {FORMAT_VERSION}")
    at = at / "baselines"
    entries: dict[str, Baseline] = {}
    refused: list[ConfigurationError] = []
    for combination, node in at.mapping(fields["baselines"]).items():
        try:
            entries[combination] = _entry(at / combination, combination, node)
        except ConfigurationError as error:
            refused.append(error)
    if refused:
        raise _first_of(refused)
    return entries


def _first_of(refused: list[ConfigurationError]) -> ConfigurationError:
    first, *others = refused
    if not others:
        return first
    places = ", ".join(error.file.rpartition(":")[2] for error in others[:10])
    rule = f"{first.rule} (and {len(others)} more entries are refused, at lines {places})"
    return ConfigurationError(file=first.file, path=first.path, rule=rule)


def _entry(at: At, combination: str, node: Node) -> Baseline:
    if not combination or len(combination) > _LONGEST_NAME or not combination.isprintable():
        at.refuse(node, f"a combination is 1 to {_LONGEST_NAME} printable characters")
    fields = at.fields(node, _ENTRY_REQUIRED, _ENTRY_OPTIONAL)
    size = _sample_size(at / "sample_size", fields["sample_size"])
    runs = _texts(at / "runs", fields["runs"]) if "runs" in fields else ()
    if runs and len(runs) != size:
        (at / "runs").refuse(
            fields["runs"], f"must list sample_size = {size} runs, got {len(runs)}"
        )
    return Baseline(
        combination=combination,
        status=_status(at / "status", fields["status"]),
        sample_size=size,
        created_at=_moment(at / "created_at", fields["created_at"]),
        updated_at=_moment(at / "updated_at", fields["updated_at"]),
        source_campaigns=_texts(at / "source_campaigns", fields["source_campaigns"]),
        reason=(at / "reason").text(fields["reason"]),
        subject=_subject(at / "subject", fields["subject"]),
        environment=_text_mapping(at / "environment", fields["environment"]),
        metrics=_metrics(at / "metrics", fields["metrics"], size),
        runs=runs,
        nodes=_optional_texts(at / "nodes", fields.get("nodes")),
        rejected_runs=_rejected_runs(at / "rejected_runs", fields.get("rejected_runs")),
        allowed_guards=_optional_texts(at / "allowed_guards", fields.get("allowed_guards")),
        acknowledged_findings=_acknowledged_findings(
            at / "acknowledged_findings", fields.get("acknowledged_findings")
        ),
        anchor=_anchor(at / "anchor", fields["anchor"]) if "anchor" in fields else None,
    )


def _metrics(at: At, node: Node, size: int) -> dict[str, MetricBaseline]:
    return {name: _metric(at / name, item, size) for name, item in at.mapping(node).items()}


def _metric(at: At, node: Node, size: int) -> MetricBaseline:
    fields = at.fields(node, _METRIC, _SOURCES)
    samples = (at / "samples").numbers(fields["samples"])
    if len(samples) > size:
        (at / "samples").refuse(
            fields["samples"], f"must hold sample_size = {size} values or fewer, got {len(samples)}"
        )
    sources = _sources(at / "sources", fields.get("sources"), len(samples))
    derived = (at / "samples").checked(
        fields["samples"], lambda: MetricBaseline.of_samples(samples, sources)
    )
    ci95 = fields["ci95"]
    bounds = None if is_null(ci95) else (at / "ci95").numbers(ci95)
    found = MetricBaseline(
        samples=samples,
        mean=(at / "mean").number(fields["mean"]),
        stddev=_number_or_none(at / "stddev", fields["stddev"]),
        ci95=bounds,  # type: ignore[arg-type]  # its length is compared below
        sources=sources,
    )
    if found != derived:
        _check_derived(at, fields, found, derived)
    return found


def _sources(at: At, node: Node | None, n: int) -> tuple[str, ...]:
    """Return the source of each of n samples: one name stands for all."""
    if node is None:
        return ()
    named = _texts(at, node)
    if len(named) not in (1, n) or not all(named):
        at.refuse(node, f"must name one source for all samples, or each of the {n}: {list(named)}")
    return named * n if len(named) == 1 else named


def _check_derived(
    at: At, fields: dict[str, Node], found: MetricBaseline, derived: MetricBaseline
) -> None:
    """Refuse values that differ from the recomputed ones by more than another C library's do."""
    scale = max(abs(value) for value in found.samples)
    for name in ("mean", "stddev", "ci95"):
        got, expected = getattr(found, name), getattr(derived, name)
        if not _agrees(got, expected, scale):
            rule = f"does not follow from the samples: it must be {expected!r}, got "
            rule += "null" if got is None else repr(got)
            (at / name).refuse(fields[name], f"{rule}; change samples with `lm baseline update`")


def _agrees(got: Any, expected: Any, scale: float) -> bool:
    if got is None or expected is None:
        return got is expected
    pairs = zip(_as_tuple(got), _as_tuple(expected), strict=False)
    return len(_as_tuple(got)) == len(_as_tuple(expected)) and all(
        math.isclose(g, e, rel_tol=_RELATIVE_TOLERANCE, abs_tol=1e-13 * scale) for g, e in pairs
    )


def _as_tuple(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


def _sample_size(at: At, node: Node) -> int:
    size = at.number(node)
    if not size.is_integer() or not 1 <= size <= 1_000_000:
        at.refuse(node, f"must be a whole number from 1 to 1000000, got {node[2]}")
    return int(size)


def _status(at: At, node: Node) -> BaselineStatus:
    text = at.text(node)
    if text not in {status.value for status in BaselineStatus}:
        at.refuse(node, f"must be one of {[s.value for s in BaselineStatus]}, got {text!r}")
    return BaselineStatus(text)


def _moment(at: At, node: Node) -> str:
    text = at.text(node)
    if at.checked(node, lambda: datetime.fromisoformat(text)).tzinfo is None:
        at.refuse(node, f"must name its zone, like 2026-11-22T01:02:03+00:00, got {text!r}")
    return text


def _subject(at: At, node: Node) -> Subject:
    fields = at.fields(node, _SUBJECT, _NONE)
    return Subject(
        git_sha=(at / "git_sha").text(fields["git_sha"]),
        version_labels=_text_mapping(at / "version_labels", fields["version_labels"]),
        image_digests=_text_mapping(at / "image_digests", fields["image_digests"]),
    )


def _anchor(at: At, node: Node) -> BaselineAnchor:
    fields = at.fields(node, _ANCHOR, _SOURCES)
    inner = at / "samples"
    samples = {n: _samples(inner / n, item) for n, item in inner.mapping(fields["samples"]).items()}
    return BaselineAnchor(
        set_at=_moment(at / "set_at", fields["set_at"]),
        source_campaigns=_texts(at / "source_campaigns", fields["source_campaigns"]),
        reason=(at / "reason").text(fields["reason"]),
        samples=samples,
        sources=_text_mapping(at / "sources", fields["sources"]) if "sources" in fields else {},
    )


def _samples(at: At, node: Node) -> tuple[float, ...]:
    values = at.numbers(node)
    if not values or max(map(abs, values)) > LARGEST_SAMPLE:
        at.refuse(node, f"must hold one value or more, all within ±{LARGEST_SAMPLE:g}")
    return values


def _rejected_runs(at: At, node: Node | None) -> tuple[RejectedRun, ...]:
    rejected = []
    for item in () if node is None else at.items(node):
        fields = at.fields(item, _REJECTED, _NONE)
        rejected.append(RejectedRun(**{n: (at / n).text(value) for n, value in fields.items()}))
    return tuple(rejected)


def _texts(at: At, node: Node) -> tuple[str, ...]:
    return tuple(map(at.text, at.items(node)))


def _text_mapping(at: At, node: Node) -> dict[str, str]:
    return {name: (at / name).text(item) for name, item in at.mapping(node).items()}


def _optional_texts(at: At, node: Node | None) -> dict[str, str]:
    return {} if node is None else _text_mapping(at, node)


def _acknowledged_findings(at: At, node: Node | None) -> dict[str, AcknowledgedFinding]:
    items = {} if node is None else at.mapping(node)
    return {metric: _acknowledged(at / metric, item) for metric, item in items.items()}


def _acknowledged(at: At, node: Node) -> AcknowledgedFinding:
    fields = at.fields(node, _ACKNOWLEDGED, _NONE)
    texts = {name: (at / name).text(fields[name]) for name in ("finding", "by", "reason")}
    for name, text in texts.items():
        if not text.strip():
            (at / name).refuse(fields[name], "must not be empty")
    return AcknowledgedFinding(
        finding=texts["finding"],
        by=texts["by"],
        at=_moment(at / "at", fields["at"]),
        reason=texts["reason"],
        loss=_number_or_none(at / "loss", fields["loss"]),
        loss_since_anchor=_number_or_none(at / "loss_since_anchor", fields["loss_since_anchor"]),
    )


def _number_or_none(at: At, node: Node) -> float | None:
    return None if is_null(node) else at.number(node)
