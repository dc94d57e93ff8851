"""Two versions over the matrix: known answers, direction, dimension values, and gaps."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.versions.comparison import compare_versions
from lm_assets_tests.regression.small_campaigns import CATALOGUE, MATRIX, noisy, slower, table


def compared(baseline, candidate, **changes):
    return compare_versions(baseline, candidate, metrics=CATALOGUE, policy=StagePolicy(), **changes)


def tpch(folder, release, engine):
    lines = (folder / "versions" / f"tpch-{release}-{engine}.jsonl").read_text().splitlines()
    rows = map(json.loads, lines)
    return SampleTable.from_rows(
        (row["combination"], row["metric"], str(row["run"]), row["value"]) for row in rows
    )


@pytest.mark.external_data
@pytest.mark.parametrize("release", ["0.4.0", "0.5.0", "0.9.0"])
@pytest.mark.parametrize("engines", [("spark", "comet"), ("comet", "spark")])
def test_real_engines_compare_as_independently_computed(shared_data, release, engines):
    known = json.loads((shared_data / "versions" / "expected.json").read_text())
    before, after = engines
    expected = known[f"tpch-{release}: {before} (baseline) -> {after} (candidate)"]
    (row,) = compared(tpch(shared_data, release, before), tpch(shared_data, release, after))
    for ours, theirs in {
        "change_geomean": "geomean_change",
        "change_geomean_ci95": "geomean_change_ci95",
        "t_log": "t_log",
        "p_log": "p_log",
        "change_total": "total_change",
        "mean_difference": "mean_diff",
        "mean_difference_ci95": "mean_diff_ci95",
        "t_raw": "t_raw",
        "p_raw": "p_raw",
        "wilcoxon_p": "wilcoxon_p",
    }.items():
        assert getattr(row, ours) == pytest.approx(expected[theirs], rel=1e-5), ours
    verdicts = {"IMPROVEMENT": Verdict.IMPROVED, "REGRESSION": Verdict.REGRESSED}
    assert row.verdict is verdicts[expected["verdict_rule_geomean_gt20_and_p_log"]]
    assert (row.n, row.scale_conflict, row.unpaired) == (22, False, ())


def test_a_version_that_changes_nothing_is_shown_to():
    sides = [table(noisy(["duration_s"], seed=at)) for at in range(2)]
    (row,) = compared(*sides)
    assert row.verdict is Verdict.UNCHANGED


def test_each_dimension_value_has_its_own_verdict():
    factors = slower("duration_s", 1.5, operation="join")
    before = table(noisy(["duration_s"], seed=1))
    after = table(noisy(["duration_s"], seed=2, factors=factors))
    (row,) = compared(before, after, dimensions=MATRIX)
    verdicts = {tuple(part.where.items()): part.verdict for part in row.parts}
    assert verdicts[("operation", "join"),] is Verdict.REGRESSED
    assert verdicts[("operation", "read"),] is Verdict.UNCHANGED
    assert sum(part.n for part in row.parts if "operation" in part.where) == row.n == 40


def test_higher_throughput_is_an_improvement():
    before = {(f"c{at}", "throughput_rows_s"): [100.0 + at] for at in range(8)}
    after = {key: [1.5 * value + at] for at, (key, (value,)) in enumerate(before.items())}
    (row,) = compared(table(before), table(after))
    assert (row.verdict, row.change_geomean > 0.5) == (Verdict.IMPROVED, True)


def test_repeats_are_averaged_so_that_no_combination_counts_twice():
    before = {(f"c{at}", "duration_s"): [10.0 * (at + 1)] for at in range(5)}
    after = {key: [1.1 * value, 1.3 * value] for key, (value,) in before.items()}
    once = {key: [1.2 * value] for key, (value,) in before.items()}
    assert compared(table(before), table(after))[0].n == 5
    assert compared(table(before), table(after))[0].change_geomean == pytest.approx(
        compared(table(before), table(once))[0].change_geomean
    )


def test_scales_that_disagree_are_said_to():
    # Nine small combinations a quarter slower, and one as large as all of them, much faster.
    rng = np.random.default_rng(3)
    before = {(f"c{at}", "duration_s"): [10.0] for at in range(9)}
    after = {key: [12.6 * float(np.exp(rng.normal() / 50))] for key in before}
    before["big", "duration_s"], after["big", "duration_s"] = [1000.0], [1000.0 * 1.2]
    (row,) = compared(table(before), table(after))
    assert (row.verdict, row.scale_conflict) == (Verdict.REGRESSED, True)
    assert row.p_raw > 0.05 > row.p_log


def test_combinations_of_one_side_only_are_named_and_left_out():
    before = {(f"c{at}", "duration_s"): [10.0] for at in range(3)}
    after = {(f"c{at}", "duration_s"): [10.0] for at in range(1, 4)}
    (row,) = compared(table(before), table(after))
    assert (row.n, row.unpaired) == (2, ("c0", "c3"))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        pytest.param([10.0], [20.0], Verdict.INSUFFICIENT_DATA, id="one combination"),
        pytest.param([10.0, 10.0, 0.0], [9.0, 11.0, 10.0], Verdict.DATA_FAULT, id="a zero"),
        pytest.param([10.0, 10.0, 10.0], [5.0, 30.0, 11.0], Verdict.INCONCLUSIVE, id="anything"),
    ],
)
def test_what_cannot_be_decided_says_so(before, after, verdict):
    sides = [
        table({(f"c{at}", "duration_s"): [value] for at, value in enumerate(side)})
        for side in (before, after)
    ]
    (row,) = compared(*sides)
    assert row.verdict is verdict


def test_percentages_are_compared_by_points():
    before = {(f"c{at}", "gc_time_pct"): [5.0 + at / 10] for at in range(6)}
    after = {key: [value + 9.0 + value / 50] for key, (value,) in before.items()}
    (row,) = compared(table(before), table(after))
    assert (row.verdict, row.change_unit) == (Verdict.REGRESSED, "points")
    assert row.mean_difference == pytest.approx(9.1, abs=0.05)


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="wobble"):
        compared(table({("a", "wobble"): [1.0]}), table({}))


def paired(values_of, *, metric="duration_s", source="", at_least=False):
    return SampleTable.from_rows(
        (f"c{cell}", metric, f"run-{run}", value, source, at_least)
        for cell in range(8)
        for run, value in enumerate(values_of(cell))
    )


def steady(cell):
    return [100.0 * (cell + 1), 101.0 * (cell + 1), 99.0 * (cell + 1)]


class TestValuesThatTheMetricCannotHave:
    @pytest.mark.parametrize("value", [0.0, -50.0])
    def test_are_a_data_fault_with_rule_and_place(self, value):
        odd = paired(lambda cell: [value, *steady(cell)[1:]] if cell == 1 else steady(cell))
        (row,) = compared(paired(steady), odd)
        assert row.verdict is Verdict.DATA_FAULT
        assert row.fault == {
            "combination": "c1",
            "rule": "a ratio metric must be above zero",
            "side": "current",
            "run": "run-0",
            "value": value,
        }

    def test_beyond_the_bounds_too(self):
        bounded = MetricCatalogue(
            tuple(replace(m, maximum=100.0 if m.name == "gc_time_pct" else None) for m in CATALOGUE)
        )
        sides = [paired(lambda _cell, p=p: [p] * 3, metric="gc_time_pct") for p in (5.0, 250.0)]
        (row,) = compare_versions(*sides, metrics=bounded, policy=StagePolicy())
        assert row.verdict is Verdict.DATA_FAULT


def test_versions_that_different_sources_measured_are_not_compared():
    sides = [paired(steady, source=source) for source in ("prometheus", "event log")]
    (row,) = compared(*sides)
    assert (row.verdict, row.n) == (Verdict.SOURCE_CHANGED, 0)
    assert "prometheus (3) → event log (3)" in row.left_out["c0"]


def test_a_combination_of_which_only_a_lower_bound_is_known_is_left_out():
    (row,) = compared(paired(steady), paired(steady, at_least=True))
    assert (row.verdict, row.n) == (Verdict.INSUFFICIENT_DATA, 0)
    assert row.left_out["c3"] == "only a lower bound is known"
