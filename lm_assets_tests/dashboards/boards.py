"""The committed dashboards, read as Grafana reads them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "grafana"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "dashboards").glob("*.json"))
}


class Asked(NamedTuple):
    """One query of a dashboard, and what asks it."""

    board: str
    by: str
    text: str


def panels(board: str) -> list[dict[str, Any]]:
    """Every panel of a dashboard that is no row, those inside of rows included."""
    outer = BOARDS[board]["panels"]
    return [
        panel
        for first in outer
        for panel in (first, *(first.get("panels") or ()))
        if panel["type"] != "row"
    ]


def every_panel() -> list[tuple[str, dict[str, Any]]]:
    return [(board, panel) for board in BOARDS for panel in panels(board)]


def _targets() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for board, panel in every_panel():
        for target in panel["targets"]:
            yield board, panel["title"], target
    for board, content in BOARDS.items():
        for annotation in content["annotations"]["list"]:
            yield board, annotation["name"], annotation["target"]


def promql_queries() -> list[Asked]:
    return [Asked(b, by, t["expr"]) for b, by, t in _targets() if "expr" in t]


def sql_queries() -> list[Asked]:
    """Every query of Postgres: of panels, annotations and variables."""
    asked = [Asked(b, by, t["rawSql"]) for b, by, t in _targets() if "rawSql" in t]
    for board, content in BOARDS.items():
        asked += [
            Asked(board, variable["name"], variable["query"])
            for variable in content["templating"]["list"]
            if variable["type"] == "query"
        ]
    return asked


def name_of(asked: Asked) -> str:
    """A test's id."""
    return f"{asked.board}: {asked.by}"
