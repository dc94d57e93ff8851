"""docs/sources.md: each line of what a source gets wrong is held by a test that is named here."""

import re

import pytest

from lm_assets_tests.architecture.project import PROJECT

PAGE = (PROJECT / "docs" / "sources.md").read_text(encoding="utf-8")
CONTRADICTIONS = "integration/test_prometheus_contradictions.py"
REAL = "integration/test_prometheus.py"
PROMETHEUS = "collect/prometheus/test_metrics.py"
PODS = "collect/pods/test_snapshot.py"
REPAIR = "collect/spark/event_log/test_repair.py"
SERVER = "collect/spark/test_contradictions.py"
IMPOSSIBLE = "collect/prometheus/test_impossible_figures.py"
UNTOLD = "collect/pods/test_contradictions.py"
SERVER_ENDS = "collect/spark/test_server_ends.py"
OUTCOMES = "collect/spark/event_log/test_outcomes.py"
ENDS = "collect/spark/event_log/test_attempt_ends.py"

# By how the line begins that says how a source can be wrong: the tests of what then happens.
HELD_BY = {
    "a counter wavers": [(CONTRADICTIONS, "test_cpu_time_is_what_was_used_in_the_run")],
    "a container is told once more": [
        (CONTRADICTIONS, "test_nested_groups_have_the_memory_of_the_outer_one")
    ],
    "a pod of days is first scraped": [
        (CONTRADICTIONS, "test_what_was_not_seen_of_an_older_pod_makes_a_lower_bound")
    ],
    "more than the limits allow": [
        (
            "collect/spark/test_sources.py",
            "test_what_the_limits_do_not_allow_is_explained_as_it_is_recorded",
        )
    ],
    "CPU time beyond": [
        (IMPOSSIBLE, "test_takes_the_usage_with_it"),
        (IMPOSSIBLE, "test_of_a_part_of_the_window_is_no_usage_of_its_limit_either"),
    ],
    "counts that are none": [
        (IMPOSSIBLE, "test_are_missing"),
        (IMPOSSIBLE, "test_of_one_container_leave_a_lower_bound"),
    ],
    "a limit that is none": [
        (IMPOSSIBLE, "test_is_no_share_of_the_largest_number"),
        (IMPOSSIBLE, "test_leaves_the_request"),
    ],
    "a container of the spec has no status": [(UNTOLD, "test_is_no_zero")],
    "an earlier life ended": [(UNTOLD, "test_is_no_plain_figure")],
    "a pod stands twice": [(UNTOLD, "test_and_not_alike_is_no_plain_figure")],
    "a field that no count needs": [
        (UNTOLD, "test_of_a_pod"),
        (UNTOLD, "test_is_not_the_count_itself"),
    ],
    "1.0 for 1": [(UNTOLD, "test_a_count_is_the_same_however_it_is_spelt")],
    "the end of an attempt stands": [
        (ENDS, "test_leaves_no_plain_figure_of_tasks"),
        (ENDS, "test_of_a_failure_that_began_leaves_no_plain_figure"),
        (ENDS, "test_of_a_success_is_missed_by_the_stage"),
        (ENDS, "test_of_a_first_attempt_is_missed_by_the_second"),
        (ENDS, "test_of_a_failure_is_missed_by_the_stage_that_failed_for_it"),
        (ENDS, "test_is_missed_by_what_the_stage_took"),
        (SERVER, "test_a_stage_that_cannot_be_so_is_no_plain_figure"),
    ],
    "a success has no metrics": [(ENDS, "test_has_its_like_in_a_success_without_metrics")],
    "a job or stage began": [
        (OUTCOMES, "test_what_began_and_did_not_end_leaves_no_plain_count"),
        (OUTCOMES, "test_a_job_that_ended_in_two_ways_is_no_failure_and_no_plain_count"),
        (OUTCOMES, "test_a_stage_that_ended_in_two_ways_is_no_failure_and_no_plain_count"),
        (OUTCOMES, "test_a_job_that_failed_for_its_stage_misses_the_stages_failure"),
        (SERVER_ENDS, "test_a_job_that_did_not_end_leaves_no_plain_count"),
        (SERVER_ENDS, "test_a_stage_that_did_not_end_leaves_no_plain_count"),
        (SERVER_ENDS, "test_a_job_that_failed_though_its_stages_completed_is_no_plain_zero"),
    ],
    "the application starts or ends twice": [
        (ENDS, "test_the_application_ends_or_starts_twice"),
    ],
    "an attempt finished before": [
        (ENDS, "test_finished_before_it_was_launched"),
        (SERVER, "test_a_row_that_finished_before_it_was_launched_leaves_no_quantile"),
    ],
    "tasks or jobs ended after": [
        (ENDS, "test_the_application_ended_before_its_tasks"),
        (ENDS, "test_tasks_were_launched_before_the_application_started"),
        (
            SERVER,
            "test_times_of_the_application_that_its_own_parts_contradict_leave_nothing_plain",
        ),
    ],
    "an executor with cores": [
        (ENDS, "test_cores_that_no_machine_has_leave_no_usage"),
        (ENDS, "test_an_executor_went_before_it_came"),
        (SERVER, "test_an_executor_that_cannot_be_so_leaves_no_figure_that_rests_on_it"),
    ],
    "an amount below zero": [
        (ENDS, "test_cpu_time_below_zero_leaves_a_lower_bound"),
        (ENDS, "test_spill_beyond_any_disk_leaves_no_share"),
        (SERVER, "test_a_stage_that_cannot_be_so_is_no_plain_figure"),
    ],
    "attempts end because": [
        (ENDS, "test_because_its_context_was_shut_down_has_not_failed"),
        (ENDS, "test_what_was_called_off_at_the_end_may_stand_behind_it"),
        (SERVER, "test_what_ended_with_its_context_is_killed_and_no_resubmission"),
    ],
    "an unfinished part": [
        (
            "collect/spark/event_log/test_bystanders.py",
            "test_beside_the_whole_one_is_passed_over",
        ),
    ],
    "2.5 failed tasks": [
        (
            "collect/test_impossible_counts.py",
            "test_of_a_result_line_is_missing_with_rule_and_value",
        ),
    ],
    "beyond what the metric of its name": [
        ("cli/samples/test_series_bounds.py", "test_a_value_beyond_is_a_data_fault"),
    ],
    "blanks of exporters": [
        (CONTRADICTIONS, "test_a_blank_of_the_exporter_is_no_utilisation"),
        (CONTRADICTIONS, "test_a_mean_of_which_most_samples_are_blanks_is_missing"),
        (CONTRADICTIONS, "test_what_rests_on_a_part_of_the_samples_is_a_lower_bound"),
    ],
    "an old cAdvisor tells": [(CONTRADICTIONS, "test_cpu_time_is_what_was_used_in_the_run")],
    "scraped without `honor_labels`": [
        (CONTRADICTIONS, "test_labels_scraped_without_honor_labels_are_understood"),
        (CONTRADICTIONS, "test_memory_of_a_kubelet_scraped_without_honor_labels_is_understood"),
    ],
    "nobody told limits": [
        (REAL, "test_without_limit_and_request_there_is_no_percentage_but_there_is_a_cost")
    ],
    "samples in less than `whole_coverage`": [
        (PROMETHEUS, "test_samples_in_a_part_of_the_window_only_are_told_in_the_provenance"),
        (PROMETHEUS, "test_a_mean_over_a_part_of_the_window_is_missing"),
    ],
    "a container was restarted, and nobody told": [
        (
            CONTRADICTIONS,
            "test_a_restart_of_which_nobody_told_the_reason_is_no_proof_that_nobody_was_killed",
        )
    ],
    "init containers, native sidecars": [
        (CONTRADICTIONS, "test_init_containers_restart_are_killed_and_have_limits"),
        (PODS, "test_restart_and_are_killed_as_any"),
    ],
    "257 restarts, all before the run": [(PODS, "test_before_the_run_leaves_no_restart_in_it")],
    "pods of several applications": [(PODS, "test_are_nobodys_where_the_run_names_none")],
    "lines that cannot be read, no end event": [(REPAIR, "test_leave_lower_bounds")],
    "the same": [(REPAIR, "test_leave_no_share_and_no_quantile")],
    "a field is not what it should be": [
        (REPAIR, "test_costs_the_figures_that_need_it"),
        (REPAIR, "test_spelt_3_0_is_3"),
    ],
    "adaptive execution cancels": [
        (REPAIR, "test_is_not_failed"),
        (SERVER, "test_what_adaptive_execution_called_off_has_not_failed"),
    ],
    "an attempt says more time": [
        (REPAIR, "test_is_left_out_of_gc_and_run_time_and_told"),
        (ENDS, "test_garbage_collection_of_more_than_the_attempt_was_there_is_left_out"),
        (
            SERVER,
            "test_an_attempt_that_ran_for_longer_than_it_was_there_is_left_out_of_the_sums_and_told",
        ),
    ],
    "it is of the disk": [(REPAIR, "test_memory_spilled_is_told_beside_the_share_on_disk")],
    "a driver that YARN started anew": [
        ("cli/test_collect.py", "test_attempts_of_one_application_are_runs_of_their_own")
    ],
    "markers, `_SUCCESS`": [
        ("collect/spark/event_log/test_bystanders.py", "test_a_bystander_leaves_the_log")
    ],
    "rows and sums of a stage": [
        (SERVER, "test_more_rows_than_the_stage_counts_contradict_it"),
        (SERVER, "test_fewer_rows_than_the_stage_counts_were_dropped"),
        (SERVER, "test_rows_with_more_cpu_time_than_their_stage_contradict_it"),
        (SERVER_ENDS, "test_a_stage_that_says_more_than_its_rows_contradicts_them"),
    ],
    "an attempt runs on": [
        (SERVER_ENDS, "test_an_absent_end_leaves_no_plain_figure_of_tasks"),
        (SERVER_ENDS, "test_a_stage_failed_for_a_task_more_often_than_its_rows_did"),
    ],
    "a job id that was never announced": [
        (SERVER, "test_a_job_id_that_was_never_announced_is_a_note_and_no_loss")
    ],
    "two fields say two values": [
        (
            "collect/test_line_metrics.py",
            "test_what_a_line_says_twice_and_not_alike_is_noted",
        )
    ],
    "a container was first seen": [
        (
            IMPOSSIBLE,
            "test_memory_of_a_container_that_was_not_seen_at_its_beginning_is_a_lower_bound",
        )
    ],
    "0.0 for 0": [
        (
            "collect/test_result_line.py",
            "test_a_number_of_a_run_is_the_same_however_it_is_spelt",
        )
    ],
    "beyond `minimum` or `maximum`": [
        ("model/test_bounds.py", "test_a_value_beyond_is_missing_with_its_source_and_bounds"),
        ("model/test_bounds.py", "test_the_next_source_fills_the_gap"),
    ],
}


def how_it_can_be_wrong() -> list[str]:
    table = PAGE[PAGE.index("## What each source gets wrong") :]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [row.split(" | ")[2].strip() for row in rows]


@pytest.mark.parametrize("said", how_it_can_be_wrong())
def test_each_line_has_its_test(said: str) -> None:
    (held,) = [tests for begins, tests in HELD_BY.items() if said.startswith(begins)]
    for file, name in held:
        source = (PROJECT / "lm_assets_tests" / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {name}\(", source, re.MULTILINE), f"{file}::{name}"


def test_nothing_is_held_that_the_page_does_not_say() -> None:
    said = how_it_can_be_wrong()
    assert [b for b in HELD_BY if not any(line.startswith(b) for line in said)] == []
