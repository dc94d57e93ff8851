"""The matrix in the technical report: a table whose cells are buttons."""

from collections.abc import Iterator, Mapping
from typing import Any

from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, change
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.overview import campaign_map
from lm_assets.reports.pictures.matrix_map import MapCell, MatrixMap, Span
from lm_assets.reports.rows import NOT_JUDGED

# With more columns than this there is room for a sign alone.
_MOST_ROOMY_COLUMNS = 12


def map_view(material: ReportMaterial) -> Mapping[str, Any]:
    """Return the matrix as its template shows it; combinations without dimensions come last."""
    grid = campaign_map(material)
    places = {name: place for place, name in enumerate(material.combinations)}
    is_roomy = len(grid.columns) <= _MOST_ROOMY_COLUMNS
    present = {cell.verdict for cell in (*grid.cells.values(), *grid.loose)}
    return {
        "caption": grid.caption,
        "is_roomy": is_roomy,
        "depth": len(grid.row_dimensions),
        "column_headings": grid.column_headings,
        "rows": [
            *_rows(grid, places, is_roomy=is_roomy),
            *(_loose_row(grid, cell, places) for cell in grid.loose),
        ],
        "legend": [
            {"key": v.value, "sign": VERDICT_SIGNS[v], "words": VERDICT_WORDS[v]}
            for v in VERDICT_RANK
            if v in present
        ],
    }


def _rows(
    grid: MatrixMap, places: Mapping[str, int], *, is_roomy: bool
) -> Iterator[Mapping[str, Any]]:
    for row in range(len(grid.rows)):
        cells = [grid.cells.get((row, column)) for column in range(len(grid.columns))]
        heads = [s for level in grid.row_headings for s in level if s.start == row]
        yield {
            "heads": heads,
            "opens": len(heads) > 1,
            "span": 1,
            "cells": [cell and _cell(cell, places, is_roomy=is_roomy) for cell in cells],
        }


def _loose_row(grid: MatrixMap, cell: MapCell, places: Mapping[str, int]) -> Mapping[str, Any]:
    return {
        "heads": [Span(value=cell.combination, start=0, length=1)],
        "opens": False,
        "span": max(len(grid.row_dimensions), 1),
        "cells": [_cell(cell, places, is_roomy=True)],
    }


def _cell(cell: MapCell, places: Mapping[str, int], *, is_roomy: bool) -> Mapping[str, Any]:
    words = "not judged" if cell.verdict is None else VERDICT_WORDS[cell.verdict]
    size = "" if cell.change is None else change(cell.change, cell.change_unit)
    return {
        "place": places[cell.combination],
        "key": NOT_JUDGED if cell.verdict is None else cell.verdict.value,
        "sign": "·" if cell.verdict is None else VERDICT_SIGNS[cell.verdict],
        "shade": cell.shade,
        "change": size if is_roomy else "",
        "words": f"{words} {size}".strip(),
    }
