"""A run of which a source gave less than of the others is named; what no run has is not."""

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import RegressionPolicy, StagePolicy
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.verdict.notes import no_reader_may_miss
from lm_assets_tests.builders import a_manifest, a_record
from lm_assets_tests.regression.small_campaigns import CATALOGUE

POLICY = RegressionPolicy(stages=dict.fromkeys(Stage, StagePolicy()))
DAMAGED = "event log: corrupt: line 7 is no JSON"


def told(*records):
    judged = judge_campaign(
        a_manifest(), records, catalogue=BaselineCatalogue(), metrics=CATALOGUE, policy=POLICY
    )
    return [note for note in judged.notes if "other runs of their combination" in note]


def test_the_fiftieth_run_whose_log_is_damaged_is_named_with_the_reason():
    damaged = a_record(run_id="run-50", tier1_stability={}, missing={"failed_tasks": DAMAGED})
    sound = [a_record(run_id=f"run-{number}") for number in range(1, 50)]
    (note,) = told(*sound, damaged)
    assert note.startswith("1 load run lacks what other runs of their combination have")
    assert note.endswith(f"such as run-50 of {damaged.combination}: {DAMAGED}")
    assert no_reader_may_miss(note)


def test_what_no_run_has_and_what_a_failed_run_lacks_is_nothing_new():
    assert told(a_record(run_id="run-1"), a_record(run_id="run-2")) == []
    failed = a_record(
        run_id="run-2", exit_code=1, tier1_stability={}, missing={"failed_tasks": "-"}
    )
    assert told(a_record(run_id="run-1"), failed) == []
