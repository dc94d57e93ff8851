"""What moved together is one finding: the whole matrix, or the dimension values it lives in."""

import numpy as np
import pytest

from lm_assets.model.noise_policy import EnvironmentPolicy
from lm_assets.model.policy import GatePolicy, RollUpPolicy, StagePolicy, TradeOffRule
from lm_assets.model.verdict import Verdict
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets_tests.regression.small_campaigns import MATRIX, judged, noisy, slower

METRICS = ("duration_s", "cpu_core_seconds")


def campaign(factors=None, *, seed=1, noise=0.05, metrics=METRICS, **changes):
    return judged(
        noisy(metrics, seed=seed, noise=noise),
        noisy(metrics, seed=seed + 1000, noise=noise, factors=factors),
        **{"dimensions": MATRIX, **changes},
    )


def everywhere(factor, metrics=METRICS):
    return {cell: f for metric in metrics for cell, f in slower(metric, factor).items()}


def kinds(verdict):
    return [(finding.kind, dict(finding.where)) for finding in verdict.findings]


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_of_the_whole_matrix_is_one_finding_and_no_cell(seed):
    verdict = campaign(everywhere(1.25), seed=seed)
    (finding,) = verdict.findings
    assert (finding.kind, finding.severity, finding.where) == ("common_shift", "regressed", {})
    assert finding.change == pytest.approx(0.25, abs=0.03)
    assert finding.change_ci95[0] < finding.change < finding.change_ci95[1]
    assert set(finding.explanation["metrics"]) == set(METRICS)
    assert "regressed" not in verdict.counts
    assert (verdict.verdict, verdict.exit_code) == (Verdict.REGRESSED, 2)


def test_a_cell_keeps_its_own_change_and_is_judged_beyond_the_shift():
    cell = campaign(everywhere(1.25)).cells[0]
    assert cell.change > 0.1
    assert "common_shift_removed" in cell.flags
    assert cell.explanation["common_shift"]["shift"] == pytest.approx(0.25, abs=0.03)
    assert abs(cell.explanation["common_shift"]["change_beyond_shift"]) < 0.15


def test_a_shift_for_the_better_is_reported_and_fails_nothing():
    verdict = campaign(everywhere(0.7))
    assert [f.severity for f in verdict.findings] == [Verdict.IMPROVED]
    assert verdict.exit_code == 0


def test_a_small_shift_is_taken_off_and_told_in_a_note():
    verdict = campaign(everywhere(1.035))
    assert verdict.findings == ()
    assert any("common shift of +" in note and "duration_s" in note for note in verdict.notes)


def test_a_changed_environment_is_named_as_the_likely_cause_of_a_shift():
    context = CampaignContext(
        environment_baseline={key: {"jdk": "17", "cpu": "x"} for key in MATRIX},
        environment_current={key: {"jdk": "21", "cpu": "x"} for key in MATRIX},
    )
    verdict = campaign(everywhere(1.25), context=context)
    shift, environment = verdict.findings
    assert "likely cause: jdk 17 → 21" in shift.message
    assert shift.severity is Verdict.NOT_COMPARABLE
    assert (environment.kind, environment.severity) == ("environment_change", "not_comparable")
    assert environment.explanation["changed"] == {"jdk": ["17", "21"]}
    assert all("environment_changed" in cell.flags for cell in verdict.cells)


def test_a_changed_environment_alone_is_never_a_silent_pass():
    context = CampaignContext(
        environment_baseline={key: {"jdk": "17"} for key in MATRIX},
        environment_current={key: {"jdk": "21"} for key in MATRIX},
    )
    assert campaign(context=context).exit_code == 3
    assert campaign().exit_code == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"extension": "rapids"}, id="one value"),
        pytest.param({"data_size": "10gb"}, id="half of the matrix"),
        pytest.param({"operation": "join", "data_size": "10gb"}, id="two values together"),
    ],
)
def test_a_regression_of_dimension_values_is_one_finding_that_names_them(where, seed):
    verdict = campaign(slower("duration_s", 1.4, **where), seed=seed)
    assert kinds(verdict) == [("dimension", where)]
    (finding,) = verdict.findings
    assert finding.metric == "duration_s"
    assert finding.change == pytest.approx(0.4, abs=0.06)
    expected = [n for n, v in MATRIX.items() if all(v[k] == x for k, x in where.items())]
    assert finding.combinations == tuple(sorted(expected))
    assert finding.cells == len(expected)


def test_metrics_that_moved_in_the_same_place_share_the_finding():
    factors = {cell: f for m in METRICS for cell, f in slower(m, 1.4, extension="rapids").items()}
    (finding,) = campaign(factors).findings
    assert set(finding.explanation["metrics"]) == set(METRICS)
    assert finding.cells == 20


def test_events_in_one_dimension_value_are_one_finding():
    before = {(name, "failed_tasks"): [0, 1, 0, 0, 0] for name in MATRIX}
    now = {
        (name, "failed_tasks"): [3, 2, 4, 3, 3]
        if values["operation"] == "join"
        else [0, 0, 0, 1, 0]
        for name, values in MATRIX.items()
    }
    (finding,) = judged(before, now, dimensions=MATRIX).findings
    assert (finding.kind, finding.where) == ("dimension", {"operation": "join"})
    assert (finding.change, finding.change_unit) == (pytest.approx(2.8, abs=0.1), "events/run")


def test_two_causes_are_two_findings():
    factors = {
        **slower("duration_s", 1.4, extension="rapids"),
        **slower("cpu_core_seconds", 1.5, operation="join"),
    }
    found = kinds(campaign(factors))
    assert sorted(found, key=str) == [
        ("dimension", {"extension": "rapids"}),
        ("dimension", {"operation": "join"}),
    ]


def test_a_finding_does_not_claim_the_cells_that_did_not_follow():
    slow = slower("duration_s", 1.4, extension="rapids")
    spared = sorted(name for name, _ in slow if "_join_" in name)
    verdict = campaign({cell: f for cell, f in slow.items() if cell[0] not in spared}, noise=0.03)
    (finding,) = verdict.findings
    assert (finding.where, finding.cells) == ({"extension": "rapids"}, 8)
    assert "in 8 of 10 combinations" in finding.message
    assert finding.explanation["metrics"]["duration_s"]["exceptions"] == spared
    assert not set(spared) & set(finding.combinations)
    assert finding.change == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    ("fewest", "kind"),
    [pytest.param(4, "dimension", id="enough"), pytest.param(5, "cell", id="too few")],
)
def test_what_follows_must_be_enough_for_an_effect_without_the_exceptions(fewest, kind):
    slow = slower("duration_s", 1.4, extension="rapids", data_size="10gb")
    spared = min(slow)
    policy = StagePolicy(roll_up=RollUpPolicy(minimum_cells=fewest))
    verdict = campaign({c: f for c, f in slow.items() if c != spared}, noise=0.02, policy=policy)
    assert {finding.kind for finding in verdict.findings} == {kind}
    assert {name for finding in verdict.findings for name in finding.combinations} == {
        name for name, _ in slow if name != spared[0]
    }


def test_a_noisy_cell_is_no_exception():
    """Short of half the effect by chance is not shown to have stayed behind."""
    for seed in range(6):
        verdict = campaign(slower("duration_s", 1.4, extension="rapids"), seed=seed, noise=0.1)
        (finding,) = (f for f in verdict.findings if f.kind == "dimension")
        assert finding.cells == 10


def test_a_lone_cell_stays_a_cell():
    name = next(iter(MATRIX))
    verdict = campaign({(name, "duration_s"): 1.8})
    (finding,) = verdict.findings
    assert (finding.kind, finding.combinations, finding.cells) == ("cell", (name,), 1)


def test_a_cell_far_worse_than_its_dimension_value_is_a_finding_of_its_own():
    factors = slower("duration_s", 1.3, extension="rapids")
    worst = next(iter(factors))
    verdict = campaign({**factors, worst: 3.0})
    assert [(f.kind, f.where or f.combinations) for f in verdict.findings] == [
        ("dimension", {"extension": "rapids"}),
        ("cell", (worst[0],)),
    ]


def test_without_dimensions_a_shift_is_still_found_and_cells_stay_cells():
    (finding,) = campaign(everywhere(1.25), dimensions={}).findings
    assert finding.kind == "common_shift"
    verdict = campaign(slower("duration_s", 1.6, extension="rapids"), dimensions={})
    assert {finding.kind for finding in verdict.findings} == {"cell"}


def test_what_moves_every_cell_by_another_factor_is_no_common_shift():
    rng = np.random.default_rng(2)
    factors = {(name, "duration_s"): float(np.exp(0.3 + 0.4 * rng.normal())) for name in MATRIX}
    verdict = campaign(factors)
    assert "common_shift" not in {finding.kind for finding in verdict.findings}
    moved = [c for c in verdict.cells if c.change is not None and c.change > 0.35]
    assert moved
    assert any("times their run-to-run noise" in note for note in verdict.notes)
    assert not any("times their run-to-run noise" in note for note in campaign().notes)
    # No test of these runs can tell such changes from a node a combination; fresh runs can.
    assert all(cell.verdict is Verdict.SUSPECTED for cell in moved)


def test_a_quarter_of_the_matrix_is_no_common_shift():
    verdict = campaign(slower("duration_s", 1.3, extension="rapids"))
    assert not any("common_shift_removed" in cell.flags for cell in verdict.cells)


RULE = TradeOffRule(
    name="slower_but_cheaper",
    worse=("duration_s",),
    better=("cpu_core_seconds",),
    gain_per_loss=1.0,
    maximum_loss=0.5,
    reason="cores cost more than time",
)


def traded(loss, gain, *, rules=(RULE,)):
    name = next(iter(MATRIX))
    factors = {(name, "duration_s"): loss, (name, "cpu_core_seconds"): gain}
    verdict = campaign(factors, policy=StagePolicy(trade_offs=rules), noise=0.02)
    cell = next(c for c in verdict.cells if (c.combination, c.metric) == (name, "duration_s"))
    return verdict, cell


def test_a_loss_that_was_paid_for_is_accepted_by_name_and_amount():
    verdict, cell = traded(1.3, 0.5)
    assert (cell.verdict, cell.decided_by) == (Verdict.ACCEPTED_TRADEOFF, "trade_off")
    weighed = cell.explanation["trade_off"]
    assert weighed["rule"] == "slower_but_cheaper"
    assert weighed["gain"] == pytest.approx(0.5, abs=0.05)
    assert weighed["loss"] == pytest.approx(0.3, abs=0.05)
    assert weighed["required_gain"] == pytest.approx(weighed["loss"])
    assert verdict.exit_code == 0


@pytest.mark.parametrize(
    ("loss", "gain", "because"),
    [
        pytest.param(1.3, 1.0, "nothing_gained", id="no gain"),
        pytest.param(1.45, 0.7, "gain_below_exchange_rate", id="too little gained"),
        pytest.param(1.7, 0.1, "loss_above_maximum", id="too much lost"),
        pytest.param(1.3, 1.5, "nothing_gained", id="both worse"),
    ],
)
def test_a_loss_that_was_not_paid_for_stays_a_regression_and_says_why(loss, gain, because):
    _, cell = traded(loss, gain)
    assert cell.verdict is Verdict.REGRESSED
    assert cell.explanation["trade_off"]["refused_because"] == because


def test_without_a_rule_nothing_is_weighed():
    _, cell = traded(1.3, 0.5, rules=())
    assert cell.verdict is Verdict.REGRESSED
    assert "trade_off" not in cell.explanation


def test_in_another_environment_nothing_is_regressed_and_what_changed_is_named():
    """Such cells were left regressed, and the campaign ended with 2."""
    context = CampaignContext(
        environment_baseline={key: {"jdk": "17"} for key in MATRIX},
        environment_current={key: {"jdk": "21"} for key in MATRIX},
    )
    slow = slower("duration_s", 1.6, extension="rapids")
    verdict = campaign(slow, context=context)
    assert set(verdict.counts) == {"not_comparable"}
    assert (verdict.verdict, verdict.exit_code) == (Verdict.NOT_COMPARABLE, 3)
    assert {f.severity for f in verdict.findings} == {Verdict.NOT_COMPARABLE}
    cell = verdict.cells[0]
    assert (cell.decided_by, cell.explanation["environment"]) == (
        "environment",
        {"jdk": ["17", "21"]},
    )
    allowed = StagePolicy(environment=EnvironmentPolicy(ignored=("jdk",)))
    assert campaign(slow, context=context, policy=allowed).counts["regressed"] > 0
    blocking = StagePolicy(gate=GatePolicy(blocks=(Verdict.NOT_COMPARABLE,), warns=()))
    assert campaign(slow, context=context, policy=blocking).exit_code == 2


def test_a_faster_cell_is_never_regressed_however_much_the_others_gained():
    """A query at −82 % in a matrix at −86 % was called regressed, and the campaign ended with 2."""
    behind, slower_still = list(MATRIX)[:2]
    factors = {**everywhere(0.14), (behind, "duration_s"): 0.18, (slower_still, "duration_s"): 1.04}
    verdict = campaign(factors)
    cells = {(c.combination, c.metric): c for c in verdict.cells}
    assert "regressed" not in verdict.counts
    assert verdict.exit_code == 0
    cell = cells[behind, "duration_s"]
    assert cell.explanation["note"] == "gained less than the others"
    assert cell.explanation["common_shift"]["change"] == pytest.approx(-0.82, abs=0.02)
    assert cell.explanation["common_shift"]["change_beyond_shift"] == pytest.approx(0.29, abs=0.1)
    assert cells[slower_still, "duration_s"].verdict is Verdict.INCONCLUSIVE


def test_a_shift_that_is_taken_off_hides_no_cell_that_is_worse_by_the_rule():
    """Cells of +30 % in all were inconclusive under a shift of 9.5 %, of which nothing was told."""
    hit = list(MATRIX)[3]
    verdict = campaign({**everywhere(1.095), (hit, "duration_s"): 1.31})
    cell = next(c for c in verdict.cells if (c.combination, c.metric) == (hit, "duration_s"))
    assert cell.verdict in {Verdict.SUSPECTED, Verdict.REGRESSED}
    assert [finding.kind for finding in verdict.findings] == ["common_shift"]
    assert any("was taken off every cell of duration_s" in note for note in verdict.notes)


def on_nodes(nodes):
    return {name: {f"run-{n}": node for n in range(1, 6)} for name, node in nodes.items()}


def test_a_cell_that_is_worse_with_its_whole_node_is_confounded_and_names_it():
    slow_node = set(list(MATRIX)[::4])
    factors = {(name, "duration_s"): 1.5 for name in slow_node}
    nodes = on_nodes({name: "node-7" if name in slow_node else "node-1" for name in MATRIX})
    verdict = campaign(factors, dimensions={}, context=CampaignContext(nodes_current=nodes))
    confounded = [c for c in verdict.cells if c.verdict is Verdict.CONFOUNDED]
    assert {c.combination for c in confounded} == slow_node
    assert "regressed" not in verdict.counts
    assert (verdict.verdict, verdict.exit_code) == (Verdict.CONFOUNDED, 3)
    assert confounded[0].explanation["node"]["node"] == "node-7"
    assert confounded[0].explanation["node"]["other_cells"] == 9


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        pytest.param("", "node-1", Verdict.REGRESSED, id="others on it did not move"),
        pytest.param("", "node-8", Verdict.CONFOUNDED, id="nobody else was on it"),
        pytest.param("node-8", "node-8", Verdict.REGRESSED, id="the baseline was on it too"),
    ],
)
def test_a_lone_cell_is_told_from_its_node_by_others_or_by_the_baseline(before, now, verdict):
    hit, *rest = MATRIX
    nodes = {**dict.fromkeys(rest[::2], "node-1"), **dict.fromkeys(rest[1::2], "node-2")}
    context = CampaignContext(
        nodes_current=on_nodes({**nodes, hit: now}),
        nodes_baseline=on_nodes({hit: before} if before else {}),
    )
    found = campaign({(hit, "duration_s"): 1.8}, context=context)
    cell = next(c for c in found.cells if (c.combination, c.metric) == (hit, "duration_s"))
    assert cell.verdict is verdict
