"""The two partitionings. Campaigns come and go; combinations are fixed by the matrix.

Combinations are rows inside a campaign's partition, never a second dimension of it: a grid of
campaigns × combinations has tens of thousands of keys, which the UI and the daemon pay for.
"""

import dagster as dg

from lm_assets.model.combination import Matrix

CAMPAIGN_DIMENSION = "campaign"

campaign_partitions = dg.DynamicPartitionsDefinition(name=CAMPAIGN_DIMENSION)


def combination_partitions(matrix: Matrix) -> dg.StaticPartitionsDefinition:
    """Return one partition for each combination of the matrix."""
    return dg.StaticPartitionsDefinition([c.id for c in matrix.combinations])
