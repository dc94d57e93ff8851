"""Data sets that a stage reads from storage, or fills: RDDs and Datasets that were persisted."""

from collections.abc import Sequence

from lm_assets.collect.spark.event_log import events
from lm_assets.collect.spark.profiling.plans import operation_names


def kept_data(rdds: Sequence[events.RddInfo]) -> tuple[str, ...]:
    """Return the operations whose outcome is kept, each with where it is.

    Examples
    --------
    >>> level = events.StorageLevel(is_in_memory=True, is_on_disk=True)
    >>> kept_data([events.RddInfo(scope='{"id":"2","name":"map"}', storage=level)])
    ('map (memory and disk)',)
    """
    return tuple(
        sorted(
            f"{_name(rdd)} ({_where(rdd.storage)})"
            for rdd in rdds
            # Asked first, for nearly all data sets are kept nowhere.
            if rdd.storage is not None
            and (rdd.storage.is_in_memory or rdd.storage.is_on_disk or rdd.storage.is_off_heap)
        )
    )


def _name(rdd: events.RddInfo) -> str:
    names = operation_names([rdd.scope])
    # So Spark computes what a Dataset keeps; its operators are in the plan.
    return "Dataset" if names == ("mapPartitionsInternal",) else " + ".join(names) or "data set"


def _where(level: events.StorageLevel) -> str:
    places = [
        *(["off-heap memory"] if level.is_off_heap else ["memory"] if level.is_in_memory else []),
        *(["disk"] if level.is_on_disk else []),
    ]
    copies = f", {level.replicas} copies" if level.replicas > 1 else ""
    return f"{' and '.join(places)}{copies}"
