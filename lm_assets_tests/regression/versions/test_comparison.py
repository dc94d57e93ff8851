"""Two versions over the matrix: known answers, direction, dimension values, and gaps."""

import json

import numpy as np
import pytest

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
