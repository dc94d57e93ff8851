"""What a campaign was to run: its manifest's list, its priority, or what the stage expects."""

from datetime import UTC, datetime, timedelta

import pytest

from lm_assets.model.campaign import Stage
from lm_assets.model.combination import Matrix
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.verdict.expectation import campaign_expectation
from lm_assets_tests.builders import a_baseline, a_manifest

CREATED = datetime(2026, 11, 22, 5, tzinfo=UTC)
MATRIX = Matrix(
    dimensions={"db": ("pg.16", "pg.17"), "query": ("q1", "q2")},
    id_format="{db}-{query}",
    priorities={"p0": ({"query": ("q1",)},)},
)


def expected(manifest, *, matrix=MATRIX, expects="all_baselines", landed_at=None):
    baselines = {"pg.16-q1": a_baseline(combination="pg.16-q1", created_at=CREATED.isoformat())}
    return campaign_expectation(
        manifest,
        matrix=matrix,
        baselines=baselines,
        policy=StagePolicy(expects=expects),
        landed_at=landed_at,
    )


def test_the_manifests_list_decides_and_its_names_are_read_as_test_names_are():
    manifest = a_manifest(expected_combinations=("p0_pg16-q1", "pg.17-q2", "unknown"), priority="")
    found = expected(manifest)
    assert found.combinations == ("pg.16-q1", "pg.17-q2", "unknown")
    assert found.because == "the manifest lists it"


def test_without_a_list_its_priority_decides():
    found = expected(a_manifest(priority="p0"))
    assert found.combinations == ("pg.16-q1", "pg.17-q1")
    assert found.because == "the manifest names priority p0"


def test_a_priority_that_the_matrix_does_not_have_is_a_fault_and_not_nothing():
    found = expected(a_manifest(priority="p9"))
    assert found.combinations == ()
    assert "priority 'p9' is not in the matrix; it has ['p0']" in found.fault


@pytest.mark.parametrize(
    ("expects", "combinations"), [("all_baselines", ("pg.16-q1",)), ("landed", ())]
)
def test_a_silent_manifest_is_what_the_stage_says(expects, combinations):
    manifest = a_manifest(priority="", stage=Stage.NIGHTLY)
    assert expected(manifest, expects=expects).combinations == combinations


def test_a_campaign_was_not_to_run_what_got_its_first_baseline_after_it_had_landed():
    """A new service's baseline made a data fault of every nightly campaign before it."""
    manifest = a_manifest(priority="", stage=Stage.NIGHTLY)
    before, after = (CREATED + timedelta(seconds=seconds) for seconds in (-1, 1))
    assert expected(manifest, landed_at=before).combinations == ()
    assert expected(manifest, landed_at=after).combinations == ("pg.16-q1",)


def test_without_a_matrix_nothing_but_the_list_is_expected():
    assert expected(a_manifest(priority="p0"), matrix=None).combinations == ()
