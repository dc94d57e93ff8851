"""What measured each value, told shortly: the usual source of a metric once, the others by cell."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from lm_assets.model.provenance import source_of
from lm_assets.regression.cells.sources import sources_phrase
from lm_assets.reports.material import CellKey, ReportMaterial

Sources = tuple[str, ...]


def usual_sources(material: ReportMaterial) -> Mapping[str, str]:
    """Return the sources that measured most combinations' values, by metric, baseline first.

    A metric of which nobody named a source is not in it.
    """
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, metric), said in _sources(material).items():
        found[metric][said] += 1
    return {
        metric: min(counts, key=lambda said: (-counts[said], said))
        for metric, counts in found.items()
    }


def unusual_sources(material: ReportMaterial) -> Mapping[CellKey, str]:
    """Return what measured the cells whose sources are not the usual ones of their metric."""
    usual = usual_sources(material)
    counted = {
        (cell.combination, cell.metric): sources_phrase(cell.explanation)
        for cell in material.verdict.cells
    }
    return {
        key: counted.get(key) or said
        for key, said in _sources(material).items()
        if said != usual[key[1]]
    }


def metrics_by_source(material: ReportMaterial) -> Mapping[str, list[str]]:
    """Return the metrics that each source usually measures, in the catalogue's order."""
    usual, grouped = usual_sources(material), defaultdict[str, list[str]](list)
    for metric in sorted(usual, key=material.metric_order.__getitem__):
        grouped[usual[metric]].append(metric)
    return grouped


def _sources(material: ReportMaterial) -> Mapping[CellKey, str]:
    """Return the sources of every cell and value as one text; what nobody named is not in it."""
    found = _of_values(material)
    for cell in material.verdict.cells:
        if said := _of_cell(cell.explanation.get("sources")):
            found[cell.combination, cell.metric] = said
    return found


def _of_values(material: ReportMaterial) -> dict[CellKey, str]:
    named: dict[CellKey, set[str]] = defaultdict(set)
    for record in material.records:
        for metric, provenance in record.provenance.items():
            if source := source_of(provenance):
                named[record.combination, metric].add(source)
    return {key: ", ".join(sorted(sources)) for key, sources in named.items()}


def _of_cell(sides: object) -> str:
    if not isinstance(sides, Mapping):
        return ""
    told = [
        ", ".join(sorted(sides[side])) if side in sides else "not named"
        for side in ("baseline", "current")
    ]
    return told[0] if told[0] == told[1] else " → ".join(told)
