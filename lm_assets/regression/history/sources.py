"""Which campaigns of a history measured one quantity: one class of sources, the others counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.model.metric import Metric
from lm_assets.model.provenance import is_lower_bound


@dataclass(frozen=True, kw_only=True, slots=True)
class OneQuantity:
    """The places of a series that are of one class of sources.

    ``source_class`` is empty where nobody named a source; ``left_out`` counts the places of other
    classes, by their sources.
    """

    kept: tuple[int, ...]
    source_class: str
    left_out: dict[str, int]


def of_one_quantity(sources: Sequence[Sequence[str]], metric: Metric) -> OneQuantity:
    """Return which places of a series may be compared with each other.

    Parameters
    ----------
    sources : sequence of sequences of str
        What measured each place's value, in time order. A mean over runs of several classes is of
        no quantity, nor is one with lower bounds in it; a place of which nobody named a source is
        taken for any.

    Notes
    -----
    The class of most places is kept, of as many the later one: what is measured now.
    """
    classes = [frozenset(metric.class_of(name) for name in named) for named in sources]
    whole = [found for found in classes if not any(map(is_lower_bound, found))]
    counted = Counter(only for found in whole if len(found) == 1 for only in found)
    last = {only: at for at, found in enumerate(classes) for only in found}
    chosen = max(counted, key=lambda only: (counted[only], last[only]), default="")
    kept = [at for at, found in enumerate(classes) if not found or found == {chosen}]
    others = (", ".join(sorted(sources[at])) for at in range(len(sources)) if at not in set(kept))
    return OneQuantity(kept=tuple(kept), source_class=chosen, left_out=dict(Counter(others)))
