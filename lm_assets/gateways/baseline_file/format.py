"""The text of the baseline catalogue: one spelling for each content, so that reviews see changes.

Entries, metrics and names are sorted, samples stand in one line, numbers are the shortest that read
back as the same float. Any YAML reader, of 1.1 or 1.2, reads the same values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import yaml

from lm_assets.model.baseline import (
    AcknowledgedFinding,
    Baseline,
    BaselineAnchor,
    BaselineCatalogue,
    MetricBaseline,
)

FORMAT_VERSION = 1

_HEADER = f"""\
# Baselines of the load tests, one entry a combination. Written by `lm baseline`, reviewed as code.
# mean, stddev and ci95 are derived from the samples and checked on load. Comments are not kept.
format: {FORMAT_VERSION}
"""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
# What a reader of YAML 1.1 or 1.2 could take for a number, a date or a truth value.
_NUMBER_LIKE = re.compile(r"[-+.0-9_]*([eE][-+]?[0-9]*)?|0[xXoObB][0-9a-fA-F_]*|[yYnN]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_resolver = yaml.resolver.Resolver()


def catalogue_text(catalogue: BaselineCatalogue) -> str:
    """Return the whole file, ending with a line end.

    Raises
    ------
    ValueError
        When a text cannot be stored as UTF-8 (a lone surrogate).
    """
    if not catalogue.entries:
        return _HEADER + "baselines: {}\n"
    entries = sorted(catalogue.entries.items())
    return _HEADER + "baselines:\n" + "".join(entry_text(entry) for _, entry in entries)


def entry_text(entry: Baseline) -> str:
    """Return the lines of one entry, from its combination's line on."""
    return "".join(f"{line}\n" for line in _entry_lines(entry))


def _entry_lines(entry: Baseline) -> Iterator[str]:
    yield f"  {scalar(entry.combination)}:"
    yield f"    status: {scalar(entry.status)}"
    yield f"    sample_size: {entry.sample_size}"
    yield f"    created_at: {scalar(entry.created_at)}"
    yield f"    updated_at: {scalar(entry.updated_at)}"
    yield f"    source_campaigns: {_flow(map(scalar, entry.source_campaigns))}"
    yield f"    reason: {scalar(entry.reason)}"
    yield "    subject:"
    yield f"      git_sha: {scalar(entry.subject.git_sha)}"
    yield from _mapping("version_labels", entry.subject.version_labels, indent=6)
    yield from _mapping("image_digests", entry.subject.image_digests, indent=6)
    yield from _mapping("environment", entry.environment, indent=4)
    yield from _review_lines(entry)
    if not entry.metrics:
        yield "    metrics: {}"
        return
    yield "    metrics:"
    for name, metric in sorted(entry.metrics.items()):
        yield from _metric_lines(name, metric)


def _review_lines(entry: Baseline) -> Iterator[str]:
    """Yield what only some entries have: runs, what was overruled and acknowledged, the anchor."""
    if entry.runs:
        yield f"    runs: {_flow(map(scalar, entry.runs))}"
    if entry.nodes:
        yield from _mapping("nodes", entry.nodes, indent=4)
    if entry.rejected_runs:
        yield "    rejected_runs:"
        for run in entry.rejected_runs:
            yield f"      - campaign: {scalar(run.campaign)}"
            yield f"        run_id: {scalar(run.run_id)}"
            yield f"        reason: {scalar(run.reason)}"
    if entry.allowed_guards:
        yield from _mapping("allowed_guards", entry.allowed_guards, indent=4)
    if entry.acknowledged_findings:
        yield "    acknowledged_findings:"
        for metric, accepted in sorted(entry.acknowledged_findings.items()):
            yield from _acknowledgement_lines(metric, accepted)
    if entry.anchor is not None:
        yield from _anchor_lines(entry.anchor)


def _acknowledgement_lines(metric: str, accepted: AcknowledgedFinding) -> Iterator[str]:
    yield f"      {scalar(metric)}:"
    for name in ("finding", "by", "at", "reason"):
        yield f"        {name}: {scalar(getattr(accepted, name))}"
    yield f"        loss: {_number_or_null(accepted.loss)}"
    yield f"        loss_since_anchor: {_number_or_null(accepted.loss_since_anchor)}"


def _anchor_lines(anchor: BaselineAnchor) -> Iterator[str]:
    yield "    anchor:"
    yield f"      set_at: {scalar(anchor.set_at)}"
    yield f"      source_campaigns: {_flow(map(scalar, anchor.source_campaigns))}"
    yield f"      reason: {scalar(anchor.reason)}"
    samples = {name: _flow(map(number, values)) for name, values in anchor.samples.items()}
    yield "      samples:" if samples else "      samples: {}"
    for name, flow in sorted(samples.items()):
        yield f"        {scalar(name)}: {flow}"
    if anchor.sources:
        yield from _mapping("sources", anchor.sources, indent=6)


def _metric_lines(name: str, metric: MetricBaseline) -> Iterator[str]:
    yield f"      {scalar(name)}:"
    yield f"        samples: {_flow(map(number, metric.samples))}"
    yield f"        mean: {number(metric.mean)}"
    yield f"        stddev: {_number_or_null(metric.stddev)}"
    yield f"        ci95: {'null' if metric.ci95 is None else _flow(map(number, metric.ci95))}"
    if metric.sources:
        # One name where all samples have the same, else one a sample.
        named = metric.sources[:1] if len(set(metric.sources)) == 1 else metric.sources
        yield f"        sources: {_flow(map(scalar, named))}"


def _mapping(name: str, values: Mapping[str, str], *, indent: int) -> Iterator[str]:
    if not values:
        yield f"{' ' * indent}{name}: {{}}"
        return
    yield f"{' ' * indent}{name}:"
    for key, value in sorted(values.items()):
        yield f"{' ' * (indent + 2)}{scalar(key)}: {scalar(value)}"


def _flow(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _number_or_null(value: float | None) -> str:
    return "null" if value is None else number(value)


def number(value: float) -> str:
    """Return the shortest text that reads back as this float, for any YAML reader."""
    text = repr(float(value))
    if text.endswith(".0") and text != "-0.0":
        return text[:-2]
    mantissa, sign, exponent = text.partition("e")
    # YAML 1.1 takes `1e-05` for text: it wants a point in the mantissa.
    return f"{mantissa}.0e{exponent}" if sign and "." not in mantissa else text


@lru_cache(maxsize=65536)
def scalar(text: str) -> str:
    """Return a text as YAML: plain where every reader takes it for that text, else quoted."""
    if _PLAIN.fullmatch(text) and not _NUMBER_LIKE.fullmatch(text) and _is_text(text):
        return text
    return f'"{"".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text)}"'


def _is_text(plain: str) -> bool:
    tag = _resolver.resolve(yaml.ScalarNode, plain, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == "tag:yaml.org,2002:str")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"text must be storable as UTF-8, got the lone surrogate U+{code:04X}")
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
