"""Campaigns and their manifests."""

import pytest

from lm_assets.model.campaign import (
    Manifest,
    Stage,
    confirmation_campaign,
    confirmed_campaign,
)


@pytest.mark.parametrize("runs", [0, -5])
def test_a_manifest_cannot_promise_less_than_one_run(runs: int) -> None:
    with pytest.raises(ValueError, match="runs_per_combination must be 1 or above"):
        Manifest(campaign="ci-1", stage=Stage.CI, runs_per_combination=runs)


def test_a_manifest_may_say_nothing_of_the_number_of_runs() -> None:
    assert Manifest(campaign="ci-1", stage=Stage.CI).runs_per_combination is None


def test_the_name_of_a_confirmation_says_which_campaign_it_confirms() -> None:
    assert confirmation_campaign("nightly-1") == "nightly-1-confirm"
    assert confirmed_campaign("nightly-1-confirm") == "nightly-1"


@pytest.mark.parametrize("name", ["nightly-1", "nightly-confirm-1", "-confirm", "confirm"])
def test_other_names_confirm_nothing(name: str) -> None:
    assert confirmed_campaign(name) is None
