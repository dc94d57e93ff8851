"""The versions inside one campaign, set side by side across the rest of the matrix."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lm_assets.model.combination import Matrix
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.model.version_comparison import VersionComparison
from lm_assets.regression.campaign_samples import SampleRow, current_rows
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.versions.comparison import compare_versions

ANY_VERSION = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPair:
    """Two values of the version dimension, and how every metric differs between them."""

    baseline: str
    candidate: str
    comparisons: tuple[VersionComparison, ...]


def compare_campaign_versions(
    records: Sequence[RunRecord],
    *,
    matrix: Matrix,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> tuple[VersionPair, ...]:
    """Return the comparison of each version with the next one that the campaign has runs of.

    The order is the matrix's. A cell's own control is the cell that differs in the version alone.
    Without a version dimension, or with runs of one version only, there is nothing to compare.
    """
    if not matrix.version_dimension:
        return ()
    by_version: dict[str, list[RunRecord]] = {}
    for record in records:
        by_version.setdefault(record.dimensions[matrix.version_dimension], []).append(record)
    present = [v for v in matrix.dimensions[matrix.version_dimension] if v in by_version]
    others = {
        cell_of(record, matrix): {
            name: value
            for name, value in record.dimensions.items()
            if name != matrix.version_dimension
        }
        for record in records
    }
    return tuple(
        VersionPair(
            baseline=before,
            candidate=after,
            comparisons=compare_versions(
                SampleTable.from_rows(_rows(by_version[before], matrix, metrics)),
                SampleTable.from_rows(_rows(by_version[after], matrix, metrics)),
                metrics=metrics,
                policy=policy,
                dimensions=others,
            ),
        )
        for before, after in itertools.pairwise(present)
    )


def cell_of(record: RunRecord, matrix: Matrix) -> str:
    """Return the id of a record's combination with the version left open."""
    return matrix.id_format.format(**{**record.dimensions, matrix.version_dimension: ANY_VERSION})


def _rows(
    records: Sequence[RunRecord], matrix: Matrix, metrics: MetricCatalogue
) -> Iterator[SampleRow]:
    for record in records:
        for _, metric, run, value, source, is_bound in current_rows([record], metrics):
            yield cell_of(record, matrix), metric, run, value, source, is_bound
