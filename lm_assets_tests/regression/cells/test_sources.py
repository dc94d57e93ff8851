"""Sources beside samples: one quantity a cell is judged, and others are named, never compared."""

from dataclasses import replace

import pytest

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets_tests.regression.small_campaigns import CATALOGUE, STEADY, judged

SAME = (("event log", "history server"),)
METRICS = MetricCatalogue(tuple(replace(m, comparable_sources=SAME) for m in CATALOGUE))
NAME = "memory_gib_seconds"


def side(*samples, metric=NAME, combination="a", at_least=()):
    """Samples as (source, values), runs numbered through."""
    flat = [(source, value) for source, values in samples for value in values]
    return SampleTable.from_rows(
        (combination, metric, f"run-{n}", value, source, n in at_least)
        for n, (source, value) in enumerate(flat, start=1)
    )


def only_cell(baseline, current, **changes):
    verdict = judged(baseline, current, metrics=METRICS, **changes)
    (cell,) = verdict.cells
    return cell


def times(factor, values=STEADY):
    return tuple(factor * value for value in values)


class TestTwoQuantities:
    def test_are_never_compared(self):
        cell = only_cell(side(("prometheus", STEADY)), side(("event log", times(4.4))))
        assert (cell.verdict, cell.decided_by) == (Verdict.SOURCE_CHANGED, "source_changed")
        assert cell.p is None
        assert cell.explanation["sources"] == {
            "baseline": {"prometheus": 5},
            "current": {"event log": 5},
        }

    def test_leave_the_campaign_undecided_and_the_notes_name_both(self):
        verdict = judged(
            side(("prometheus", STEADY)), side(("event log", times(4.4))), metrics=METRICS
        )
        assert (verdict.verdict, verdict.exit_code) == (Verdict.SOURCE_CHANGED, 3)
        assert any(
            "measured by prometheus in the baseline and by event log now" in note
            for note in verdict.notes
        )

    def test_are_told_even_where_few_undecided_cells_are_allowed(self):
        names = [m.name for m in METRICS if m.is_judged and m.scale.value == "ratio"]
        same = [(name, "result line") for name in names if name != NAME]
        before, now = (
            SampleTable.from_rows(
                ("a", name, f"run-{n}", value, source, False)
                for name, source in [*same, (NAME, of)]
                for n, value in enumerate(STEADY)
            )
            for of in ("prometheus", "event log")
        )
        assert judged(before, now, metrics=METRICS).exit_code == 3

    def test_a_hard_limit_holds_whatever_measured_the_run(self):
        before = side(("prometheus", (0.0,) * 5), metric="oom_kills")
        now = side(("pods.json", (0.0, 3.0)), metric="oom_kills")
        metrics = MetricCatalogue(
            tuple(replace(m, limit=0.0 if m.name == "oom_kills" else None) for m in METRICS)
        )
        (cell,) = judged(before, now, metrics=metrics).cells
        assert (cell.verdict, cell.decided_by) == (Verdict.REGRESSED, "hard_limit")


class TestOneQuantityOfTwoSources:
    def test_is_compared(self):
        cell = only_cell(side(("event log", STEADY)), side(("history server", STEADY)))
        assert cell.verdict is Verdict.UNCHANGED

    def test_regresses_as_one(self):
        cell = only_cell(side(("event log", STEADY)), side(("history server", times(2.0))))
        assert cell.verdict is Verdict.REGRESSED


class TestAMixedCell:
    def test_is_judged_by_the_class_with_most_runs_and_names_the_others(self):
        now = side(("prometheus", STEADY[:3]), ("event log", times(4.4, STEADY[:2])))
        cell = only_cell(side(("prometheus", STEADY)), now)
        assert (cell.verdict, cell.n_baseline, cell.n_current) == (Verdict.UNCHANGED, 5, 3)
        assert "other_sources_left_out" in cell.flags
        assert cell.explanation["sources_left_out"] == {"current": {"event log": 2}}

    def test_of_two_shared_classes_takes_the_larger(self):
        before = side(("prometheus", STEADY[:2]), ("event log", times(4.4)))
        now = side(("prometheus", STEADY[:2]), ("event log", times(4.4)))
        cell = only_cell(before, now)
        assert (cell.n_baseline, cell.n_current) == (5, 5)
        assert cell.baseline_mean == pytest.approx(440.0)


def test_a_source_that_nobody_named_is_taken_for_any():
    cell = only_cell(side(("", STEADY)), side(("event log", STEADY)))
    assert cell.verdict is Verdict.UNCHANGED


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (("", "event log"), "measured by event log, and nobody says by what in the baseline runs"),
        (("event log", ""), "measured by event log, and nobody says by what in the current runs"),
        (("", ""), None),
        (("event log", "event log"), None),
    ],
)
def test_a_source_that_only_one_side_names_is_told(sources, said):
    verdict = judged(*(side((source, STEADY)) for source in sources), metrics=METRICS)
    told = [note for note in verdict.notes if "nobody says" in note]
    assert bool(told) == (said is not None)
    assert said is None or f"{NAME}: {said}, in 1 cells" in told[0]


class TestALowerBound:
    def test_above_the_baseline_is_a_loss_all_the_same(self):
        cell = only_cell(side(("x", STEADY)), side(("x", times(2.0)), at_least={1}))
        assert cell.verdict is Verdict.REGRESSED
        assert "at_least" in cell.flags

    @pytest.mark.parametrize("factor", [1.0, 0.5], ids=["equal", "lower"])
    def test_shows_neither_that_nothing_changed_nor_a_gain(self, factor):
        cell = only_cell(side(("x", STEADY)), side(("x", times(factor)), at_least={2}))
        assert (cell.verdict, cell.decided_by) == (Verdict.INCONCLUSIVE, "at_least")

    def test_in_the_baseline_shows_no_loss(self):
        cell = only_cell(side(("x", STEADY), at_least={1}), side(("x", times(2.0))))
        assert (cell.verdict, cell.decided_by) == (Verdict.INCONCLUSIVE, "at_least")

    def test_of_a_rate_that_should_be_high_shows_a_gain_and_no_loss(self):
        name = "throughput_rows_s"
        before = side(("x", STEADY), metric=name)
        faster = side(("x", times(2.0)), metric=name, at_least={1})
        slower = side(("x", times(0.5)), metric=name, at_least={1})
        assert only_cell(before, faster).verdict is Verdict.IMPROVED
        assert only_cell(before, slower).verdict is Verdict.INCONCLUSIVE
