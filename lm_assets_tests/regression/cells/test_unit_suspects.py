"""A value in another unit is flagged with its run and both readings; an honest change is not."""

from io import StringIO

import pytest
from rich.console import Console

from lm_assets.cli.verdict_table import print_verdict
from lm_assets.model.verdict import Verdict
from lm_assets_tests.regression.small_campaigns import STEADY, judged, one_cell


def test_a_run_in_milliseconds_among_runs_in_seconds_is_named_with_both_readings():
    cell = one_cell(STEADY, [*STEADY[:4], 99_500.0])
    assert "unit_suspect" in cell.flags
    (found,) = cell.explanation["unit_suspect"]
    assert (found["run"], found["value"], found["factor"]) == ("run-5", 99_500.0, 1000.0)
    assert found["value_in_the_other_runs_unit"] == 99.5
    assert found["baseline_median"] == 100.0


@pytest.mark.parametrize("factor", [1000.0, 0.001, 60.0, 31.0, 1 / 31.0])
def test_all_runs_far_off_the_baseline_are(factor):
    cell = one_cell(STEADY, [factor * value for value in STEADY])
    assert len(cell.explanation["unit_suspect"]) == 5


@pytest.mark.parametrize("factor", [0.1, 1.0, 2.0, 29.0])
def test_an_honest_change_is_not(factor):
    assert "unit_suspect" not in one_cell(STEADY, [factor * value for value in STEADY]).flags


def test_events_have_no_unit_to_mix_up():
    assert "unit_suspect" not in one_cell([1, 1, 1], [60, 1, 1], "failed_tasks").flags


def test_without_a_baseline_the_runs_still_tell():
    (found,) = one_cell([], [100.0, 101.0, 6_000.0]).explanation["unit_suspect"]
    assert (found["run"], found["factor"]) == ("run-3", 60.0)
    assert "baseline_median" not in found


@pytest.mark.parametrize("value", [1e150, 1e-150, 100_000.0])
def test_one_value_in_another_unit_does_not_hide_a_loss(value):
    """Twice as slow in four of five runs was `inconclusive`, and the campaign unchanged, exit 0."""
    cell = one_cell(STEADY, [*(2.0 * v for v in STEADY[:4]), value])
    assert (cell.verdict, cell.decided_by) == (Verdict.SUSPECTED, "unit_suspect")
    honest = one_cell(STEADY, [*STEADY[:4], value])
    assert honest.verdict is not Verdict.SUSPECTED


def test_no_reader_of_the_verdict_misses_it():
    """A campaign in milliseconds was REGRESSED by +100 000 %, without a word of doubt anywhere."""
    key = ("a", "duration_s")
    verdict = judged({key: STEADY}, {key: [1000.0 * value for value in STEADY]})
    (note,) = [note for note in verdict.notes if note.startswith("in another unit?")]
    assert note.startswith("in another unit? a, duration_s, run run-1: ")
    assert note.endswith(", and 4 more values of it")
    shown = StringIO()
    print_verdict(Console(file=shown, width=400), verdict)
    assert note in shown.getvalue()
    assert "measured in another unit?" in shown.getvalue()
