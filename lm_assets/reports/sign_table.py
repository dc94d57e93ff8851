"""The matrix as a small table of signs, for Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from lm_assets.model.verdict import Verdict
from lm_assets.reports.escaping import markdown_text
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.overview import campaign_map
from lm_assets.reports.pictures.matrix_map import MapCell, MatrixMap, in_order

_MOST_ROWS, _MOST_COLUMNS = 8, 10


def sign_table(material: ReportMaterial) -> Iterator[str]:
    """Yield the lines of the table; none where the combinations have no dimensions.

    A matrix that fits stands there whole, a combination a place. Of a larger one the two
    dimensions stand there that tell the most apart, each place with its worst sign and how many
    combinations have it.
    """
    grid = campaign_map(material)
    if not grid.cells:
        return
    if len(grid.rows) <= _MOST_ROWS and len(grid.columns) <= _MOST_COLUMNS:
        heads = [" ".join(column) for column in grid.columns]
        names = [" ".join(row) for row in grid.rows]
        places = [[grid.cells.get((r, c)) for c in range(len(heads))] for r in range(len(names))]
        corner = " › ".join(grid.row_dimensions)
        texts = [[_sign([cell] if cell else []) for cell in row] for row in places]
    else:
        corner, heads, names, texts = _condensed(material, grid)
    yield f"| {markdown_text(corner)} | {' | '.join(markdown_text(h) or ' ' for h in heads)} |"
    yield "|---|" + ":---:|" * len(heads)
    for name, row in zip(names, texts, strict=True):
        yield f"| {markdown_text(name)} | {' | '.join(row)} |"
    present = {cell.verdict for cell in grid.cells.values()}
    told = [f"{VERDICT_SIGNS[v]} {VERDICT_WORDS[v]}" for v in VERDICT_RANK if v in present]
    yield ""
    yield f"{' · '.join(told)}; each combination by its worst cell."


def _condensed(
    material: ReportMaterial, grid: MatrixMap
) -> tuple[str, list[str], list[str], list[list[str]]]:
    cells = list(grid.cells.values())
    names = [*grid.row_dimensions, *grid.column_dimensions]
    ranked = sorted(names, key=lambda name: -_spread(material, cells, name))
    down, across = ranked[0], (ranked[1] if len(ranked) > 1 else "")
    rows = _values(material, cells, down)[:_MOST_ROWS]
    columns = _values(material, cells, across)[:_MOST_COLUMNS] if across else [""]

    def found(row: str, column: str) -> list[MapCell]:
        wanted = {down: row, **({across: column} if across else {})}
        return [
            cell
            for cell in cells
            if all(material.dimensions[cell.combination].get(n) == v for n, v in wanted.items())
        ]

    texts = [[_sign(found(row, column)) for column in columns] for row in rows]
    return f"{down} › {across}" if across else down, columns, rows, texts


def _values(material: ReportMaterial, cells: Sequence[MapCell], name: str) -> list[str]:
    found = {material.dimensions[cell.combination].get(name, "") for cell in cells}
    return in_order(found, material.value_order.get(name, ()))


def _spread(material: ReportMaterial, cells: Sequence[MapCell], name: str) -> float:
    """Return how far the values of a dimension differ in the share of what got worse."""
    total, worse = Counter[str](), Counter[str]()
    for cell in cells:
        value = material.dimensions[cell.combination].get(name, "")
        total[value] += 1
        worse[value] += cell.verdict in (Verdict.REGRESSED, Verdict.SUSPECTED)
    shares = [worse[value] / total[value] for value in total]
    return max(shares) - min(shares)


def _sign(cells: Sequence[MapCell]) -> str:
    """Return the worst sign of some combinations, with how many of them have it."""
    judged = [cell.verdict for cell in cells if cell.verdict is not None]
    if not judged:
        return "·" if cells else " "
    worst = min(judged, key=lambda verdict: VERDICT_RANK[verdict])
    share = f" {judged.count(worst)}/{len(cells)}" if len(cells) > 1 else ""
    return f"{VERDICT_SIGNS[worst]}{share}"
