"""What a report is made from is gathered from records without loss and in a fixed order."""

from datetime import timedelta

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.reports.material import current_samples, missing_reasons
from lm_assets_tests.builders import (
    COMBINATION,
    ENVIRONMENT,
    STARTED,
    a_baseline,
    a_cell,
    a_manifest,
    a_quarantined_line,
    a_record,
    a_report_material,
    a_verdict,
)


def test_samples_are_in_the_order_in_which_the_runs_started():
    late = a_record(run_id="a", started_at=STARTED + timedelta(hours=1))
    early = a_record(run_id="b", tier3_performance={"duration_s": 11.0})
    samples = current_samples([late, early])
    assert samples[COMBINATION, "duration_s"] == (("b", 11.0), ("a", 12.3))


def test_a_run_that_failed_shows_only_its_stability_counts():
    samples = current_samples(
        [a_record(exit_code=137, tier1_stability={"oom_kills": 1.0}, missing={})]
    )
    assert samples == {(COMBINATION, "oom_kills"): (("run-1", 1.0),)}


def test_missing_values_are_counted_by_metric_and_reason():
    records = [a_record(run_id=str(i), missing={"oom_kills": "no source"}) for i in range(3)]
    records.append(a_record(run_id="x", missing={"oom_kills": "scrape failed"}))
    assert missing_reasons(records) == {
        ("oom_kills", "no source"): 3,
        ("oom_kills", "scrape failed"): 1,
    }


def material_with_environments(campaign, *baselines):
    names = [f"c{i}" for i in range(len(baselines))]
    return a_report_material(
        manifest=a_manifest(environment=campaign),
        verdict=a_verdict([a_cell(combination=name) for name in names]),
        current_samples={},
        baseline=BaselineCatalogue(
            entries={
                name: a_baseline(combination=name, environment=environment)
                for name, environment in zip(names, baselines, strict=True)
            }
        ),
    )


def test_a_changed_jdk_is_a_changed_environment():
    material = material_with_environments({**ENVIRONMENT, "jdk": "21"}, ENVIRONMENT)
    assert material.changed_environment() == {"jdk": (("17.0.12",), "21")}


def test_baselines_that_disagree_among_themselves_are_named_too():
    material = material_with_environments({"jdk": "21"}, {"jdk": "17"}, {"jdk": "21"})
    assert material.changed_environment() == {"jdk": (("17", "21"), "21")}


def test_an_environment_nobody_stated_is_not_called_changed():
    assert material_with_environments({}, ENVIRONMENT).changed_environment() == {}
    assert material_with_environments(ENVIRONMENT, {}).changed_environment() == {}


def test_expected_combinations_are_there_even_when_nothing_landed():
    material = a_report_material(manifest=a_manifest(expected_combinations=("never_ran",)))
    assert "never_ran" in material.combinations


def test_quarantined_lines_are_counted_by_rule_most_first():
    lines = [a_quarantined_line(rule="a"), *[a_quarantined_line(rule="b")] * 2]
    assert list(a_report_material(quarantined=lines).quarantine_counts().items()) == [
        ("b", 2),
        ("a", 1),
    ]
