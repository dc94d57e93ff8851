"""Short phrases of lists and messages."""

import pytest

from lm_assets.alerts.wording import subject
from lm_assets.model.verdict import Verdict
from lm_assets_tests.alerts.lives import a_sighting


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "duration_s"),
        ({"metrics": ("cpu_core_seconds", "duration_s")}, "duration_s and 1 more"),
        ({"metric": "", "metrics": (), "verdict": Verdict.DATA_FAULT}, "data_fault"),
    ],
)
def test_a_list_says_of_how_many_metrics_an_alert_is(changes, said):
    assert subject(a_sighting("a_x", **changes)) == said
