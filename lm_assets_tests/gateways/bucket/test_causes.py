"""Profiles and causes in the bucket: what is written is read, what is damaged is left out."""

import pytest

from lm_assets.gateways.bucket.causes import (
    causes_if_any,
    delete_other_profiles,
    profiles_of,
    read_causes,
    write_causes,
    write_profile,
)
from lm_assets.gateways.bucket.object_keys import causes_key
from lm_assets.gateways.bucket.profile_json import profile_to_bytes
from lm_assets.model.errors import DataFaultError
from lm_assets.model.explanation import CombinationCauses
from lm_assets.regression.causes.explain import explain_change
from lm_assets_tests.builders import CAMPAIGN, COMBINATION
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.regression.causes.profiles import a_stage, an_application, some_runs

RUN = an_application([a_stage("scan", 1_000.0)])


@pytest.fixture
def store():
    return InMemoryObjectStore()


def kept(store, run_id, *, content=None, combination=COMBINATION):
    return write_profile(
        store,
        campaign=CAMPAIGN,
        combination=combination,
        run_id=run_id,
        content=profile_to_bytes(RUN, None) if content is None else content,
    )


def test_the_profiles_of_a_combination_are_read_by_run(store):
    kept(store, "run-1")
    kept(store, "run-2")
    kept(store, "run-1", combination=f"{COMBINATION}_more")
    assert profiles_of(store, CAMPAIGN, COMBINATION) == {"run-1": RUN, "run-2": RUN}


def test_a_damaged_profile_leaves_the_others_to_explain(store):
    kept(store, "run-1")
    kept(store, "run-2", content=b"no profile")
    assert list(profiles_of(store, CAMPAIGN, COMBINATION)) == ["run-1"]


def test_what_an_earlier_run_of_the_campaign_left_is_deleted(store):
    stays = kept(store, "run-1")
    kept(store, "run-2")
    delete_other_profiles(store, CAMPAIGN, [stays])
    assert list(profiles_of(store, CAMPAIGN, COMBINATION)) == ["run-1"]


def test_causes_are_read_as_they_were_written(store):
    slower = some_runs(lambda n: an_application([a_stage("scan", 2_000.0 * n)]))
    usual = some_runs(lambda n: an_application([a_stage("scan", 1_000.0 * n)]))
    row = CombinationCauses(
        combination=COMBINATION,
        metrics=("duration_s",),
        explanation=explain_change(usual, slower),
    )
    write_causes(store, CAMPAIGN, [row])
    assert read_causes(store, CAMPAIGN) == [row]


def test_a_campaign_without_causes_says_so_and_reports_go_without(store):
    with pytest.raises(DataFaultError, match="has no causes"):
        read_causes(store, CAMPAIGN)
    assert causes_if_any(store, CAMPAIGN) == []
    store.write(causes_key(CAMPAIGN), b'{"combination": 1}\n', content_type="application/jsonl")
    assert causes_if_any(store, CAMPAIGN) == []
