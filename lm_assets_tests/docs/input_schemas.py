"""The JSON Schemas of what load runners write, made from the code that reads it.

``python -m lm_assets_tests.docs.input_schemas`` writes them anew.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from lm_assets.collect import result_line
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.campaign import Manifest

FOLDER = Path(__file__).parents[2] / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_SAID = {
    "test_name": "The combination, such as p1_3.5.0_connect_kubernetes_none_read_1gb",
    "combination": "The same, where there is no test_name",
    "run_id": "Which load run it is: 1 to 200 of A-Z a-z 0-9 . _ + = -, a letter or digit first",
    "iteration": "The same as a whole number, where there is no run_id",
    "start_time": "ISO 8601 with its time zone, years 2000 to 2099",
    "end_time": "The same, not before start_time",
    "exit_code": "Another one than 0 is a failed run",
    "spark_app_id": "The application, for the History Server",
    "namespace": "Kubernetes namespace, for Prometheus",
    "rows_read": "Rows; with the duration they give the throughput where no field does",
    "rows_written": "The same, where no rows were read",
}


def manifest_schema() -> dict[str, Any]:
    """Return the schema of manifest.json; the campaign may be left to the folder's name."""
    made = msgspec.json.schema(Manifest)
    defs = made["$defs"]
    defs["Manifest"]["required"] = ["stage"]
    # Values of a fingerprint that are no text are kept as their JSON.
    defs["Manifest"]["properties"]["environment"] = {"type": ["object", "null"]}
    defs["Manifest"]["properties"]["runs_per_combination"] = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
        "default": None,
    }
    for definition in defs.values():
        definition["description"] = " ".join(definition.get("description", "").split())
    return {"$schema": _DRAFT, "title": "manifest.json of a campaign", **made}


def result_line_schema() -> dict[str, Any]:
    """Return the schema of a result line; a metric of one's own is another property of its kind."""
    properties: dict[str, Any] = {name: dict(_TEXT) for name in sorted(result_line.OWN_FIELDS)}
    properties["run_id"] = {
        "anyOf": [
            {"type": "string", "pattern": f"^{object_keys.ID_PATTERN}$"},
            {"type": ["integer", "null"]},
        ]
    }
    properties["iteration"] = {"type": ["integer", "null"], "minimum": 0, "maximum": 10**9}
    properties["exit_code"] = {"type": ["integer", "null"]}
    for name in ("start_time", "end_time"):
        properties[name] = {"type": ["string", "null"], "format": "date-time"}
    for name in ("rows_read", "rows_written"):
        properties[name] = {"type": ["number", "null"], "minimum": 0}
    for name, said in _SAID.items():
        properties[name]["description"] = said
    for metric in shipped_metrics():
        for name in dict.fromkeys((*(f.name for f in metric.fields), metric.name)):
            bound = "exclusiveMinimum" if metric.name == "duration_s" else "minimum"
            properties[name] = {
                "type": ["number", "null"],
                bound: 0,
                "description": f"{metric.label}, {metric.unit}: the metric {metric.name}",
            }
    return {
        "$schema": _DRAFT,
        "title": "One line of a result file: one load run",
        "type": "object",
        "properties": properties,
        "anyOf": [{"required": ["run_id"]}, {"required": ["iteration"]}],
        "additionalProperties": True,
    }


SCHEMAS = {
    "manifest.schema.json": manifest_schema,
    "result_line.schema.json": result_line_schema,
}


def text_of(name: str) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file in SCHEMAS:
        (FOLDER / file).write_text(text_of(file), encoding="utf-8")
