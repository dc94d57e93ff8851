"""What is kept of one combination over time: its baseline and its history."""

import dagster as dg

from lm_assets.gateways.baseline_file import read_catalogue
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.combination import Matrix
from lm_assets.orchestration import metadata
from lm_assets.orchestration.partitions import combination_partitions


def combination_assets(matrix: Matrix) -> list[dg.AssetsDefinition]:
    """Return the assets that have one partition for each combination of the matrix."""
    partitions = combination_partitions(matrix)

    @dg.asset(
        partitions_def=partitions,
        deps=["baseline_catalogue"],
        group_name="baselines",
        kinds={"yaml"},
    )
    def baselines(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Configuration]
    ) -> dg.MaterializeResult:
        """Accepted samples of the combination, and what is derived from them."""
        catalogue = read_catalogue(settings.baselines_path)
        entry = catalogue.entries.get(context.partition_key)
        return dg.MaterializeResult(metadata=metadata.of_baseline(entry, settings.metrics))

    @dg.asset(
        partitions_def=partitions,
        deps=[dg.AssetDep("statistical_summaries", partition_mapping=dg.AllPartitionMapping())],
        group_name="baselines",
        kinds={"postgres"},
    )
    def combination_history(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        settings: dg.ResourceParam[Configuration],
    ) -> dg.MaterializeResult:
        """Means of the combination's metrics over the campaigns that are kept."""
        history = warehouse.combination_history(context.partition_key)
        return dg.MaterializeResult(metadata=metadata.of_history(history, settings.metrics))

    return [baselines, combination_history]
