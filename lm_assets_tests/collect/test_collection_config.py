"""Settings of the sources: numbers that are none, or none that a server could be asked with."""

import math
from typing import Any

import pytest

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.model.errors import ConfigurationError
from lm_assets_tests.collect.prometheus.test_metrics import shipped

SECONDS = ["scrape_interval_s", "lookback_s", "clock_skew_s"]


def with_prometheus(**changes: Any) -> dict[str, Any]:
    content = shipped()
    content["prometheus"].update(changes)
    return content


@pytest.mark.parametrize("setting", SECONDS)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan], ids=str)
def test_a_time_that_is_no_number_is_refused_in_words(setting: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match="must be a finite number, got") as refused:
        parse_collection_config(with_prometheus(**{setting: value}))
    assert refused.value.path == f"prometheus.{setting}"


@pytest.mark.parametrize("value", [0, -30, 1e9])
def test_a_step_that_nobody_scrapes_at_is_refused_by_name(value: float) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_collection_config(with_prometheus(scrape_interval_s=value))
    assert refused.value.path == "prometheus.scrape_interval_s"


def test_the_shipped_settings_are_taken() -> None:
    assert parse_collection_config(shipped()).prometheus is not None
