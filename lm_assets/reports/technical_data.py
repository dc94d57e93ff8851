"""What the technical report's script draws from: every row once, compact, ready to sort."""

from collections.abc import Sequence

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.regression.cells.sources import sources_phrase
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.escaping import json_in_html
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import advised_runs, unit_order
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pictures.marks import ChangeAxis
from lm_assets.reports.rows import NOT_JUDGED, ReportRow, change_axes

_VERDICTS = [
    *({"key": v.value, "sign": VERDICT_SIGNS[v], "words": VERDICT_WORDS[v]} for v in VERDICT_RANK),
    {"key": NOT_JUDGED, "sign": "·", "words": "not judged"},
]


def browser_data(material: ReportMaterial, rows: Sequence[ReportRow]) -> str:
    """Return the rows as JSON that may stand inside a script element, in the order given.

    Texts are made here, so that a number reads the same in every layer; numbers are only for
    sorting and drawing, and carry six significant digits.
    """
    metrics = {name: place for place, name in enumerate(dict.fromkeys(_metrics(material, rows)))}
    axes = change_axes(material)
    combinations = {name: place for place, name in enumerate(material.combinations)}
    return json_in_html(
        {
            "verdicts": _VERDICTS,
            "units": sorted(axes, key=unit_order),
            "metrics": [
                {"name": name, "label": phrases.metric_label(material.metrics, name)}
                for name in metrics
            ],
            **_dimensions(material),
            "axes": {unit: _axis(axis) for unit, axis in axes.items()},
            "rows": [
                [combinations[row.combination], metrics[row.metric], *_row(material, row)]
                for row in rows
            ],
        }
    )


def _axis(axis: ChangeAxis) -> dict[str, object]:
    return {
        "relative": axis.change_unit == "relative",
        "half": axis.half_width,
        "threshold": axis.threshold,
    }


def _dimensions(material: ReportMaterial) -> dict[str, object]:
    known = material.dimensions
    names = list(dict.fromkeys(name for values in known.values() for name in values))
    return {
        "dimensions": [
            {"name": name, "values": sorted({d[name] for d in known.values() if name in d})}
            for name in names
        ],
        "combinations": [
            {"id": combination, "values": [known.get(combination, {}).get(name) for name in names]}
            for combination in material.combinations
        ],
    }


def _metrics(material: ReportMaterial, rows: Sequence[ReportRow]) -> list[str]:
    named = {row.metric for row in rows}
    return [name for name in material.metric_order if name in named]


def _row(material: ReportMaterial, row: ReportRow) -> list[object]:
    cell = row.cell
    low, high = cell.change_ci95 if cell and cell.change_ci95 else (None, None)
    numbers = [row.baseline_mean, row.current_mean]
    numbers += [cell.change if cell else None, low, high]
    numbers += _sorted_by(cell)
    unit = phrases.metric_unit(material.metrics, row.metric)
    texts = [
        formatting.quantity(row.baseline_mean, unit),
        formatting.quantity(row.current_mean, unit),
        *_decision_texts(cell),
        "{} : {}".format(*row.run_counts),
    ]
    return [
        row.rank,
        cell.change_unit if cell else "",
        [*map(_short, numbers), sum(row.run_counts)],
        texts,
        [_short(v) for v in row.baseline],
        [_short(v) for v in row.current_values],
        _note(cell),
        sources_phrase(cell.explanation) if cell else "",
    ]


def _sorted_by(cell: CellVerdict | None) -> list[float | None]:
    if cell is None:
        return [None, None, None]
    return [cell.degradation, decision.deciding_p(cell), decision.deciding_q(cell)]


def _decision_texts(cell: CellVerdict | None) -> list[str]:
    if cell is None:
        return 6 * [formatting.NOT_AVAILABLE]
    return [
        formatting.change(cell.change, cell.change_unit),
        decision.deciding_interval(cell),
        decision.deciding_test(cell),
        formatting.p_value(decision.deciding_p(cell)),
        formatting.p_value(decision.deciding_q(cell)),
        decision.plain_rule(cell),
    ]


def _note(cell: CellVerdict | None) -> str:
    if cell is None:
        return ""
    parts = [flag.replace("_", " ") for flag in cell.flags]
    if cell.verdict is Verdict.SOURCE_CHANGED:
        parts.append(f"measured by {sources_phrase(cell.explanation)}")
    if (runs := advised_runs(cell)) is not None:
        parts.append(f"{plural(runs, 'run')} per side would decide")
    if confirmed := phrases.confirmed_phrase(cell):
        parts.append(confirmed)
    if because := decision.disagreement(cell):
        parts.append(because)
    return "; ".join(parts)


def _short(value: float | None) -> float | None:
    """Return six significant digits: they draw any picture."""
    return None if value is None else float(f"{value:.6g}")
