"""One series from the stored campaigns: a metric of a combination, a mean a campaign."""

import math
import os

from lm_assets.cli.samples.series_table import Series
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.errors import UnusableInputError


def read_stored(*, combination: str | None, metric: str | None) -> Series:
    """Return the campaigns' means of a metric of a combination, the oldest campaign first.

    Raises
    ------
    UnusableInputError
        Where the combination or the metric is not named, or no stored campaign has it.
    ConfigurationError
        Where the environment names no warehouse.
    """
    if combination is None or metric is None:
        raise UnusableInputError(
            "which_series", "name a FILE, or --combination and --metric of the stored campaigns"
        )
    with Warehouse.from_environment(os.environ) as warehouse:
        points = warehouse.combination_history(combination, metrics=[metric])
    if not any(point.mean is not None for point in points):
        raise UnusableInputError(
            "which_series",
            f"no stored campaign has a {metric!r} of {combination!r}; lm campaigns lists what "
            "landed, and metrics.yaml and matrix.yaml have the names",
        )
    return Series(
        values=tuple(math.nan if point.mean is None else point.mean for point in points),
        metric=metric,
        labels=tuple(point.campaign for point in points),
        sources=tuple(tuple(point.sources) for point in points),
    )
