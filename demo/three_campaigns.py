"""The three campaigns: the usual settings twice, and once with ten combinations changed."""

import random
from collections.abc import Iterator

import settings
from plan import CampaignPlan, LoadRun

KINDS = ("baseline", "same", "changed")
DATA_SIZES = ("250k", "750k")
NOTES = {
    "baseline": "The usual settings; recorded interleaved with the two other campaigns.",
    "same": "The usual settings again, recorded interleaved with the baseline: an A/A campaign.",
    "changed": "Settings really changed in some combinations (see changes), untouched in the rest.",
}


def cells_of(cells: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return those of the matrix's combinations that these campaigns run."""
    return {name: cell for name, cell in cells.items() if cell["data_size"] in DATA_SIZES}


def campaigns(cells: dict[str, dict[str, str]]) -> Iterator[CampaignPlan]:
    """Yield what the manifests say."""
    for kind in KINDS:
        is_changed = kind == "changed"
        yield CampaignPlan(
            name=kind,
            combinations=list(cells_of(cells)),
            labels={"settings": "changed" if is_changed else "usual"},
            notes=NOTES[kind],
            changes=settings.CHANGES if is_changed else {},
        )


def load_runs(cells: dict[str, dict[str, str]], *, runs: int, seed: int) -> Iterator[LoadRun]:
    """Yield the load runs in the order of the recording.

    A round for each run, with the combinations in a new random order. A combination's three
    campaigns follow one another directly; baseline and same take turns in going first, and changed
    takes a random place, so that a slow quarter of an hour of the machine hits all three alike.
    """
    order = random.Random(seed)
    cells = cells_of(cells)
    for number in range(1, runs + 1):
        for combination in order.sample(sorted(cells), k=len(cells)):
            first_is_baseline = (number + sorted(cells).index(combination)) % 2 == 0
            kinds = ["baseline", "same"] if first_is_baseline else ["same", "baseline"]
            kinds.insert(order.randrange(3), "changed")
            for kind in kinds:
                yield LoadRun(
                    campaign=kind,
                    combination=combination,
                    dimensions=cells[combination],
                    number=number,
                    table=f"sales-{cells[combination]['data_size']}",
                    change=settings.CHANGES.get(combination) if kind == "changed" else None,
                )
