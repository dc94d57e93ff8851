"""Every week the history of each combination is judged, all of them in one run."""

from pathlib import Path

import dagster as dg
import pytest

from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.warehouse import HistoryPoint
from lm_assets.orchestration.assets.baseline_catalogue import baseline_catalogue
from lm_assets.orchestration.assets.combinations import combination_assets
from lm_assets.orchestration.schedules import weekly_histories
from lm_assets_tests.builders import a_history_point
from lm_assets_tests.conftest import PROJECT

LEVELS = (
    *(100.0, 101.0, 99.0, 100.5, 99.5, 100.0) * 2,
    *(150.0, 151.0, 149.0, 150.5, 149.5, 150.0) * 2,
)


class Histories:
    """A warehouse in which one combination became slower and nothing is known of the others."""

    def __init__(self, combination: str) -> None:
        self._combination = combination

    def combination_history(self, combination: str) -> list[HistoryPoint]:
        if combination != self._combination:
            return []
        return [
            a_history_point(f"weekly-{number}", mean, combination=combination)
            for number, mean in enumerate(LEVELS)
        ]


@pytest.fixture
def settings() -> Configuration:
    return load_configuration(PROJECT / "config")


def test_the_schedule_asks_for_one_run_over_every_combination(settings):
    context = dg.build_schedule_context(resources={"settings": settings})
    request = weekly_histories(context)
    combinations = [c.id for c in settings.matrix.combinations]
    assert list(request.tags.values()) == [combinations[0], combinations[-1]]
    keys = combination_assets(settings.matrix)[1].partitions_def.get_partition_keys()
    assert keys == combinations


def test_one_run_judges_each_combination_by_itself(settings, tmp_path: Path):
    first, second, third = (c.id for c in settings.matrix.combinations[:3])
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [*combination_assets(settings.matrix), baseline_catalogue],
            selection=["combination_history", "baselines"],
            instance=instance,
            resources={"settings": settings, "warehouse": Histories(second)},
            tags={
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": third,
            },
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )
    assert result.success
    found = {
        event.partition: event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("combination_history")
    }
    assert set(found) == {first, second, third}
    assert {name: data["campaigns"].value for name, data in found.items()} == {
        first: 0,
        second: len(LEVELS),
        third: 0,
    }
    (judged,) = found[second]["over_time"].value.records
    assert judged.data["metric"] == "duration_s"
    assert judged.data["level_shifts"] == "weekly-12"
