"""The JSON Schema of the raw layer, made from the model's own types.

python -m lm_assets.reports.raw_schema > schemas/raw.schema.json
"""

import dataclasses
import json
import sys
from typing import Any

import msgspec

from lm_assets.model.baseline import Baseline
from lm_assets.model.campaign import Manifest
from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.metric import Metric
from lm_assets.model.record import QuarantinedLine, RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding
from lm_assets.reports.material import DecisionRule
from lm_assets.reports.raw_data import SCHEMA_VERSION

_NOUNS = (
    *(Baseline, CampaignVerdict, CellVerdict, CombinationCauses, DecisionRule, Finding),
    *(Manifest, Metric, MetricSummary, QuarantinedLine, RunRecord),
)
_TEXT, _COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
_NUMBERS = {"type": "array", "items": {"type": "number"}}


def raw_schema() -> dict[str, Any]:
    """Return the schema of one line: one branch for each ``type``."""
    _, defined = msgspec.json.schema_components(
        _NOUNS, schema_hook=_anything, ref_template="#/$defs/{name}"
    )
    shapes = _Shapes(defined)
    campaign = {"campaign": _TEXT}
    branches = [
        shapes.line(
            "campaign", CampaignVerdict, without=("cells", "findings"), more=_of_campaign()
        ),
        shapes.line("metric", Metric),
        _branch(
            "combination",
            {
                "combination": _TEXT,
                "dimensions": {"type": "object", "additionalProperties": _TEXT},
                "baseline": {
                    "anyOf": [
                        {"type": "null"},
                        shapes.shape(Baseline, without=("metrics", "combination")),
                    ]
                },
            },
        ),
        shapes.line("finding", Finding, more=campaign),
        shapes.line("cell", CellVerdict, more={**campaign, "unit": _TEXT}),
        shapes.line("summary", MetricSummary),
        _branch("samples", _of_samples()),
        shapes.line("run", RunRecord, without=_TIERS),
        shapes.line("cause", CombinationCauses, more=campaign),
        _branch("missing", {"metric": _TEXT, "reason": _TEXT, "runs": _COUNT}),
        _branch("quarantined", {"rule": _TEXT, "lines": _COUNT}),
        shapes.line(
            "quarantined_line",
            QuarantinedLine,
            without=("campaign",),
            more={"content_characters": _COUNT},
        ),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of raw.jsonl",
        "oneOf": branches,
        "$defs": dict(sorted(defined.items())),
    }


_LINES_OF_THEIR_OWN = ("cells", "findings")
_TIERS = ("tier1_stability", "tier2_efficiency", "tier3_performance", "dimensions")


def _anything(_: type) -> dict[str, Any]:
    """Return the schema of what is kept as it came: explanations, fields nobody knows."""
    return {"description": "any JSON value"}


def _of_campaign() -> dict[str, Any]:
    return {
        "schema_version": {"const": SCHEMA_VERSION},
        "manifest": {"$ref": "#/$defs/Manifest"},
        "rule": {"$ref": "#/$defs/DecisionRule"},
        "environment_changes": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"baseline": {"type": "array", "items": _TEXT}, "current": _TEXT},
                "required": ["baseline", "current"],
            },
        },
    }


def _of_samples() -> dict[str, Any]:
    value = {"run_id": _TEXT, "value": {"type": "number"}, "source": {"type": ["string", "null"]}}
    return {
        "combination": _TEXT,
        "metric": _TEXT,
        "unit": _TEXT,
        "baseline": _NUMBERS,
        "current": {
            "type": "array",
            "items": {"type": "object", "properties": value, "required": sorted(value)},
        },
    }


def _branch(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    told = {"type": {"const": kind}, **properties}
    return {"type": "object", "properties": told, "required": sorted(told)}


class _Shapes:
    """The types that msgspec has described, without the fields that a line leaves out."""

    def __init__(self, defined: dict[str, Any]) -> None:
        self._defined = defined

    def shape(self, noun: type, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        names = [f.name for f in dataclasses.fields(noun) if f.name not in without]
        properties = self._defined[noun.__name__]["properties"]
        return {
            "type": "object",
            "properties": {name: properties[name] for name in names},
            "required": sorted(names),
        }

    def line(
        self,
        kind: str,
        noun: type,
        *,
        without: tuple[str, ...] = (),
        more: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return _branch(kind, {**self.shape(noun, without=without)["properties"], **(more or {})})


if __name__ == "__main__":
    json.dump(raw_schema(), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
