"""The raw layer: everything the verdict says, as JSON lines for other programs."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import msgspec

from lm_assets.model.verdict import CampaignVerdict
from lm_assets.reports.material import ReportMaterial

SCHEMA_VERSION = 1


def raw_jsonl(material: ReportMaterial) -> bytes:
    """Return one JSON object a line, each with its ``type``, in a fixed order.

    First the ``campaign``, then every ``finding`` in the verdict's own order (worst first), then
    ``cell`` and ``summary`` lines sorted by combination and metric, then ``missing`` and
    ``quarantined`` counts. Keys are sorted; a number that is not finite is ``null``.
    """
    return b"".join(line + b"\n" for line in raw_lines(material))


def raw_lines(material: ReportMaterial) -> Iterator[bytes]:
    """Return the lines of ``raw_jsonl`` one by one, without line ends."""
    verdict = material.verdict
    yield _line("campaign", _campaign(material, verdict))
    for finding in verdict.findings:
        yield _line("finding", finding, campaign=verdict.campaign)
    for cell in sorted(verdict.cells, key=lambda c: (c.combination, c.metric)):
        yield _line("cell", cell, campaign=verdict.campaign)
    for summary in sorted(material.summaries, key=lambda s: (s.combination, s.metric)):
        yield _line("summary", summary)
    for (metric, reason), runs in sorted(material.missing.items()):
        yield _line("missing", {"metric": metric, "reason": reason, "runs": runs})
    for rule, lines in sorted(material.quarantine_counts().items()):
        yield _line("quarantined", {"rule": rule, "lines": lines})


def _campaign(material: ReportMaterial, verdict: CampaignVerdict) -> dict[str, Any]:
    scalars = {
        field.name: getattr(verdict, field.name)
        for field in dataclasses.fields(verdict)
        if field.name not in ("cells", "findings")
    }
    changed = {
        key: {"baseline": list(before), "current": after}
        for key, (before, after) in material.changed_environment().items()
    }
    return {
        **scalars,
        "schema_version": SCHEMA_VERSION,
        "manifest": material.manifest,
        "rule": material.rule,
        "environment_changes": changed,
    }


def _line(kind: str, value: Any, **more: Any) -> bytes:
    return msgspec.json.encode({"type": kind, **more, **_plain(value)}, order="sorted")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; not-finite numbers, which JSON lacks, as ``None``."""
    if isinstance(value, Enum) or value is None or isinstance(value, str | bool | int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")
