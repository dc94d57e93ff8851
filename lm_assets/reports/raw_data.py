"""The raw layer: everything that is known of a campaign, as JSON lines for other programs.

``schemas/raw.schema.json`` describes every line.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from lm_assets.model.record import QuarantinedLine
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.reports.material import CellKey, ReportMaterial
from lm_assets.reports.phrases import metric_unit

SCHEMA_VERSION = 2
# A refused line can be anything, of any size: what is longer lies whole in quarantine.
_MOST_CHARACTERS = 4_000
_OF_SAMPLES = ("tier1_stability", "tier2_efficiency", "tier3_performance", "dimensions")


def raw_jsonl(material: ReportMaterial) -> bytes:
    """Return one JSON object a line, each with its ``type``, in a fixed order.

    First the ``campaign``, then its ``metric`` and ``combination`` lines, every ``finding`` in the
    verdict's own order (worst first), ``cell``, ``summary`` and ``samples`` lines sorted by
    combination and metric, ``run`` lines by combination and run, ``cause`` lines, and what is
    ``missing`` or ``quarantined``. Keys are sorted; a number that is not finite is ``null``.
    """
    return b"".join(line + b"\n" for line in raw_lines(material))


def raw_lines(material: ReportMaterial) -> Iterator[bytes]:
    """Return the lines of ``raw_jsonl`` one by one, without line ends."""
    verdict = material.verdict
    yield _line("campaign", _campaign(material, verdict))
    for metric in material.metrics:
        yield _line("metric", metric)
    for combination in material.combinations:
        yield _line("combination", _combination(material, combination))
    for finding in verdict.findings:
        yield _line("finding", finding, campaign=verdict.campaign)
    for cell in sorted(verdict.cells, key=lambda c: (c.combination, c.metric)):
        unit = metric_unit(material.metrics, cell.metric)
        yield _line("cell", cell, campaign=verdict.campaign, unit=unit)
    for summary in sorted(material.summaries, key=lambda s: (s.combination, s.metric)):
        yield _line("summary", summary)
    yield from _samples(material)
    for record in sorted(material.records, key=lambda r: (r.combination, r.run_id)):
        yield _line("run", _without(record, _OF_SAMPLES))
    for cause in material.causes:
        yield _line("cause", cause, campaign=verdict.campaign)
    yield from _gaps(material)


def _gaps(material: ReportMaterial) -> Iterator[bytes]:
    for (metric, reason), runs in sorted(material.missing.items()):
        yield _line("missing", {"metric": metric, "reason": reason, "runs": runs})
    for rule, lines in sorted(material.quarantine_counts().items()):
        yield _line("quarantined", {"rule": rule, "lines": lines})
    for refused in material.quarantined:
        yield _line("quarantined_line", _refused(refused))


def _refused(line: QuarantinedLine) -> dict[str, Any]:
    return {
        **_without(line, ("campaign",)),
        "content": line.content[:_MOST_CHARACTERS],
        "content_characters": len(line.content),
    }


def _campaign(material: ReportMaterial, verdict: CampaignVerdict) -> dict[str, Any]:
    changed = {
        key: {"baseline": list(before), "current": after}
        for key, (before, after) in material.changed_environment().items()
    }
    return {
        **_without(verdict, ("cells", "findings")),
        "schema_version": SCHEMA_VERSION,
        "manifest": material.manifest,
        "rule": material.rule,
        "environment_changes": changed,
    }


def _combination(material: ReportMaterial, name: str) -> dict[str, Any]:
    entry = material.baseline.entries.get(name)
    return {
        "combination": name,
        "dimensions": material.dimensions.get(name, {}),
        "baseline": None if entry is None else _without(entry, ("metrics", "combination")),
    }


def _samples(material: ReportMaterial) -> Iterator[bytes]:
    """Yield both sides of every cell and every value that is not judged, each with its source."""
    sources = {
        (record.combination, metric, record.run_id): source
        for record in material.records
        for metric, source in record.provenance.items()
    }
    keys: set[CellKey] = {*material.cells, *material.current_samples}
    for combination, metric in sorted(keys):
        current = material.current_samples.get((combination, metric), ())
        yield _line(
            "samples",
            {
                "combination": combination,
                "metric": metric,
                "unit": metric_unit(material.metrics, metric),
                "baseline": material.baseline_samples(combination, metric),
                "current": [
                    {
                        "run_id": run,
                        "value": value,
                        "source": sources.get((combination, metric, run)),
                    }
                    for run, value in current
                ],
            },
        )


def _without(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    fields = dataclasses.fields(value)
    return {f.name: getattr(value, f.name) for f in fields if f.name not in names}


def _line(kind: str, value: Any, **more: Any) -> bytes:
    return msgspec.json.encode({"type": kind, **more, **_plain(value)}, order="sorted")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; not-finite numbers, which JSON lacks, as ``None``."""
    if isinstance(value, Enum) or value is None or isinstance(value, str | bool | int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")
