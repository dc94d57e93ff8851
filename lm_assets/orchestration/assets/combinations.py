"""What is kept of one combination over time: its baseline and its history."""

from collections.abc import Sequence

import dagster as dg

from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import HistoryPoint as StoredPoint
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.baseline import BaselineAnchor, BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.combination import Matrix
from lm_assets.model.history import HistoryPoint
from lm_assets.orchestration.baseline_metadata import of_baseline
from lm_assets.orchestration.history_metadata import of_history
from lm_assets.orchestration.partitions import combination_partitions
from lm_assets.regression.history.of_combination import judge_combination_history


def combination_assets(matrix: Matrix) -> list[dg.AssetsDefinition]:
    """Return the assets that have one partition for each combination of the matrix."""
    partitions = combination_partitions(matrix)
    return [_baselines(partitions), _history(partitions)]


def _baselines(partitions: dg.StaticPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        partitions_def=partitions,
        deps=["baseline_catalogue"],
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="baselines",
        kinds={"yaml"},
    )
    def baselines(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Configuration]
    ) -> None:
        """Accepted samples of the combination, and what is derived from them."""
        catalogue = read_catalogue(settings.baselines_path)
        for combination in context.partition_keys:
            entry = catalogue.entries.get(combination)
            context.add_asset_metadata(
                of_baseline(entry, settings.metrics, revision=catalogue.revision),
                partition_key=combination,
            )

    return baselines


def _history(partitions: dg.StaticPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        partitions_def=partitions,
        deps=[dg.AssetDep("statistical_summaries", partition_mapping=dg.AllPartitionMapping())],
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="baselines",
        kinds={"postgres"},
    )
    def combination_history(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        settings: dg.ResourceParam[Configuration],
    ) -> None:
        """Metrics of the combination over the kept campaigns: trend, drift, level shifts."""
        catalogue = read_catalogue(settings.baselines_path)
        for combination in context.partition_keys:
            history = warehouse.combination_history(combination)
            judged = judge_combination_history(
                points_by_metric(history),
                metrics=settings.metrics,
                policy=settings.regression.stages[Stage.WEEKLY],
                **pinned(catalogue, combination),
            )
            context.add_asset_metadata(
                of_history(history, judged, settings.metrics), partition_key=combination
            )

    return combination_history


def points_by_metric(history: Sequence[StoredPoint]) -> dict[str, list[HistoryPoint]]:
    """Return stored means by metric, in time order; campaigns without a value are left out."""
    points: dict[str, list[HistoryPoint]] = {}
    for stored in history:
        if stored.mean is not None:
            point = HistoryPoint(
                campaign=stored.campaign,
                value=stored.mean,
                runs=stored.n,
                sources=tuple(stored.sources),
            )
            points.setdefault(stored.metric, []).append(point)
    return points


def pinned(catalogue: BaselineCatalogue, combination: str) -> dict[str, BaselineAnchor]:
    """Return the anchor of a combination as it is handed on; nothing where none is pinned."""
    entry = catalogue.entries.get(combination)
    return {} if entry is None or entry.anchor is None else {"anchor": entry.anchor}
