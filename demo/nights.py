"""The fortnight: fourteen nights of six combinations, of which three do not stay as they were."""

import random
from collections.abc import Iterator

import settings
from plan import CampaignPlan, LoadRun
from tables import NIGHTLY_ROWS, NIGHTS

DATA_SIZE = "daily"
OPERATIONS = ("read", "aggregate", "join")

SHIFTED = "4.0.5_local_join_daily"
SHIFTED_FROM = 9
GROWING = "4.0.5_local_read_daily"
DISTURBED = "3.5.9_local_aggregate_daily"
DISTURBED_IN = 5

_NEIGHBOUR = settings.Change(
    what="another program computes on the same core all the while, at the same priority",
    expected="slower",
)


def cells_of(cells: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return those of the matrix's combinations that the nights run."""
    return {
        name: cell
        for name, cell in cells.items()
        if cell["data_size"] == DATA_SIZE and cell["operation"] in OPERATIONS
    }


def campaigns(cells: dict[str, dict[str, str]]) -> Iterator[CampaignPlan]:
    """Yield what the manifests say."""
    for night in range(1, NIGHTS + 1):
        is_shifted = night >= SHIFTED_FROM
        yield CampaignPlan(
            name=_name(night),
            combinations=list(cells_of(cells)),
            labels={"settings": "changed" if is_shifted else "usual"},
            notes=f"Night {night} of {NIGHTS}; all were recorded in turn on one day.",
            changes=_changes(night),
        )


def load_runs(cells: dict[str, dict[str, str]], *, runs: int, seed: int) -> Iterator[LoadRun]:
    """Yield the load runs in the order of the recording.

    A round for each run, with all the nights in each: forwards, backwards, forwards. So every
    night begins before the next one and ends before it, as nights do, and yet a slow quarter of an
    hour of the machine hits all nights alike. Within a night the order is random.
    """
    order = random.Random(seed)
    cells = cells_of(cells)
    for number in range(1, runs + 1):
        nights = range(1, NIGHTS + 1)
        for night in nights if number % 2 else reversed(nights):
            for combination in order.sample(sorted(cells), k=len(cells)):
                yield LoadRun(
                    campaign=_name(night),
                    combination=combination,
                    dimensions=cells[combination],
                    number=number,
                    table=f"sales-{_table(night if combination == GROWING else 1)}",
                    change=_changes(night).get(combination),
                    has_neighbour=combination == DISTURBED and night == DISTURBED_IN,
                )


def _name(night: int) -> str:
    return f"night-{night:02d}"


def _table(night: int) -> str:
    return f"of-night-{night:02d}"


def _changes(night: int) -> dict[str, settings.Change]:
    """Return what is not as on the first night, by combination."""
    changes = {}
    if night > 1:
        first, now = (NIGHTLY_ROWS[_table(n)] for n in (1, night))
        what = f"the table has grown from {first:,} to {now:,} rows"
        changes[GROWING] = settings.Change(what=what, expected="slower")
    if night == DISTURBED_IN:
        changes[DISTURBED] = _NEIGHBOUR
    if night >= SHIFTED_FROM:
        changes[SHIFTED] = settings.NO_BROADCAST
    return changes
