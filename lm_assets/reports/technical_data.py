"""What the technical report's script draws from: every row once, compact, ready to sort."""

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from lm_assets.model.metric import Direction
from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.regression.cells.sources import sources_phrase
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import advised_runs, unit_order
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.overview import thresholds_far
from lm_assets.reports.pictures.marks import ChangeAxis
from lm_assets.reports.pictures.matrix_map import in_order, shade_of
from lm_assets.reports.pictures.trend import Trend
from lm_assets.reports.rows import NOT_JUDGED, ReportRow, change_axes

_VERDICTS = [
    *({"key": v.value, "sign": VERDICT_SIGNS[v], "words": VERDICT_WORDS[v]} for v in VERDICT_RANK),
    {"key": NOT_JUDGED, "sign": "·", "words": "not judged"},
]


def browser_data(
    material: ReportMaterial, rows: Sequence[ReportRow], *, explained: Mapping[str, str]
) -> str:
    """Return the rows, in the order given, as JSON packed by deflate, in base64.

    Texts are made here, so that a number reads the same in every layer; numbers are only for
    sorting and drawing, and carry four significant digits. ``explained`` is the place on the page
    at which a combination's cause is told.
    """
    metrics = {name: place for place, name in enumerate(dict.fromkeys(_metrics(material, rows)))}
    axes = change_axes(material)
    combinations = {name: place for place, name in enumerate(material.combinations)}
    runs = _runs(material)
    campaigns = _in_order([[p.campaign for p in t.points] for t in material.trends.values()])
    return _packed(
        {
            "verdicts": _VERDICTS,
            "units": sorted(axes, key=unit_order),
            "metrics": [_metric(material, name) for name in metrics],
            **_dimensions(material, runs, explained),
            "axes": {unit: _axis(axis) for unit, axis in axes.items()},
            "campaigns": campaigns,
            "rows": [
                [
                    combinations[row.combination],
                    metrics[row.metric],
                    *_row(material, row, runs.get(row.combination, ())),
                    _trend(material.trends.get((row.combination, row.metric)), campaigns),
                ]
                for row in rows
            ],
        }
    )


def _in_order(courses: Sequence[Sequence[str]]) -> list[str]:
    """Return the campaigns of all courses in one order that agrees with each of them.

    A course leaves out the campaigns in which its cell did not run.
    """
    found: list[str] = []
    known: set[str] = set()
    for course in sorted(courses, key=lambda course: -len(course)):
        if known.issuperset(course):
            continue
        place = 0
        for campaign in course:
            if campaign in known:
                place = found.index(campaign) + 1
                continue
            found.insert(place, campaign)
            known.add(campaign)
            place += 1
    return found


def _packed(content: Mapping[str, object]) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _axis(axis: ChangeAxis) -> dict[str, object]:
    return {
        "relative": axis.change_unit == "relative",
        "half": axis.half_width,
        "threshold": axis.threshold,
    }


def _metric(material: ReportMaterial, name: str) -> dict[str, object]:
    is_known = name in material.metrics
    return {
        "name": name,
        "label": phrases.metric_label(material.metrics, name),
        "unit": phrases.metric_unit(material.metrics, name),
        "isHigherBetter": is_known and material.metrics[name].direction is Direction.HIGHER,
    }


def _dimensions(
    material: ReportMaterial, runs: Mapping[str, Sequence[str]], explained: Mapping[str, str]
) -> dict[str, object]:
    known, pages = material.dimensions, _pages(material)
    names = list(dict.fromkeys(name for values in known.values() for name in values))
    return {
        "dimensions": [
            {
                "name": name,
                "values": in_order(
                    {d[name] for d in known.values() if name in d},
                    material.value_order.get(name, ()),
                ),
            }
            for name in names
        ],
        "combinations": [
            {
                "id": combination,
                "values": [known.get(combination, {}).get(name) for name in names],
                "runs": runs.get(combination, ()),
                "pages": [pages[combination, run] for run in runs.get(combination, ())]
                if pages
                else [],
                "baseline": _accepted(material, combination),
                "why": material.why(combination),
                "at": explained.get(combination, ""),
            }
            for combination in material.combinations
        ],
    }


def _accepted(material: ReportMaterial, combination: str) -> str:
    """Return where a combination's baseline is from."""
    entry = material.baseline.entries.get(combination)
    if entry is None:
        return ""
    return f"{', '.join(entry.source_campaigns)}; accepted: {entry.reason}"


def _pages(material: ReportMaterial) -> Mapping[tuple[str, str], str]:
    """Return each run's page in the History Server; nothing where there is no server."""
    if not material.addresses.history_server:
        return {}
    pages: defaultdict[tuple[str, str], str] = defaultdict(str)
    for record in material.records:
        application = str(record.extra.get("spark_app_id", ""))
        pages[record.combination, record.run_id] = material.addresses.application(application)
    return pages


def _runs(material: ReportMaterial) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for (combination, _), samples in material.current_samples.items():
        found.setdefault(combination, {}).update(dict.fromkeys(run for run, _ in samples))
    return {combination: tuple(runs) for combination, runs in found.items()}


def _metrics(material: ReportMaterial, rows: Sequence[ReportRow]) -> list[str]:
    named = {row.metric for row in rows}
    return [name for name in material.metric_order if name in named]


def _row(material: ReportMaterial, row: ReportRow, runs: Sequence[str]) -> list[object]:
    cell = row.cell
    values = dict(row.current)
    return [
        row.rank,
        cell.change_unit if cell else "",
        shade_of(thresholds_far(cell, material.rule)) if cell else 0,
        [_short(number) for number in _numbers(row)],
        _texts(material, row),
        [_short(v) for v in row.baseline],
        [_short(values.get(run)) for run in runs],
        _note(cell),
        sources_phrase(cell.explanation) if cell else "",
    ]


def _numbers(row: ReportRow) -> list[float | None]:
    cell = row.cell
    if cell is None:
        return [row.baseline_mean, row.current_mean]
    low, high = decision.deciding_bounds(cell) or (None, None)
    sorted_by = [cell.degradation, decision.deciding_p(cell), decision.deciding_q(cell)]
    drawn = [decision.deciding_change(cell), low, high]
    return [row.baseline_mean, row.current_mean, *drawn, *sorted_by]


def _texts(material: ReportMaterial, row: ReportRow) -> list[str]:
    unit = phrases.metric_unit(material.metrics, row.metric)
    before, after = (formatting.quantity(v, unit) for v in (row.baseline_mean, row.current_mean))
    runs = "{} : {}".format(*row.run_counts)
    cell = row.cell
    if cell is None:
        return [before, after, runs]
    return [
        before,
        after,
        runs,
        formatting.change(cell.change, cell.change_unit),
        decision.deciding_interval(cell),
        decision.deciding_test(cell),
        formatting.p_value(decision.deciding_p(cell)),
        formatting.p_value(decision.deciding_q(cell)),
        decision.plain_rule(cell),
        decision.verdict_words(cell),
    ]


def _note(cell: CellVerdict | None) -> str:
    if cell is None:
        return ""
    parts = [flag.replace("_", " ") for flag in cell.flags if flag not in _UNREMARKABLE]
    if cell.verdict is Verdict.SOURCE_CHANGED:
        parts.append(f"measured by {sources_phrase(cell.explanation)}")
    if (runs := advised_runs(cell)) is not None:
        parts.append(f"{plural(runs, 'run')} per side would decide")
    if confirmed := phrases.confirmed_phrase(cell):
        parts.append(confirmed)
    if because := decision.disagreement(cell):
        parts.append(because)
    return "; ".join(parts)


# One of five healthy runs lies outside the fences in a third of all cells: it is told beside the
# runs, where it is seen. That a change is within the margin is in the verdict's own words.
_UNREMARKABLE = frozenset({"has_outliers", "differs_within_margin"})


def _trend(trend: Trend | None, campaigns: Sequence[str]) -> object:
    """Return a value for each campaign, and what is marked: its place, verdict or shift."""
    if trend is None:
        return 0
    points = {point.campaign: point for point in trend.points}
    values = [_short(points[c].value) if c in points else None for c in campaigns]
    marked = [
        [place, VERDICT_RANK[verdict]]
        for place, campaign in enumerate(campaigns)
        if campaign in points and (verdict := points[campaign].verdict) in _MARKED
    ]
    known = [
        place for place, c in enumerate(campaigns) if c in points and points[c].is_acknowledged
    ]
    shifts = [
        [campaigns.index(shift.campaign), _short(shift.before), _short(shift.after)]
        for shift in trend.shifts
    ]
    return [values, marked, shifts, known, _versions(trend, campaigns)]


def _versions(trend: Trend, campaigns: Sequence[str]) -> list[list[object]]:
    """Return where another version came under test, and its name."""
    pairs = zip(trend.points, trend.points[1:], strict=False)
    return [
        [campaigns.index(point.campaign), one_line(point.version, limit=18)]
        for before, point in pairs
        if point.version and point.version != before.version
    ]


_MARKED = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED, Verdict.IMPROVED)


def _short(value: float | None) -> float | None:
    """Return four significant digits: they draw any picture."""
    return None if value is None else float(f"{value:.4g}")
