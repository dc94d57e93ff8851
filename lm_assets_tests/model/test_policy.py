"""The policy: what it refuses, and that the shipped file is one."""

from dataclasses import replace
from pathlib import Path

import pytest

from lm_assets.gateways.configuration import load_configuration, read_yaml_as
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import ConfigurationError
from lm_assets.model.policy import (
    AlertPolicy,
    CommonShiftPolicy,
    ConfirmationPolicy,
    GatePolicy,
    RegressionPolicy,
    RollUpPolicy,
    StagePolicy,
    TierCoverage,
    TradeOffRule,
)
from lm_assets.model.verdict import Verdict

CONFIG = Path(__file__).parents[2] / "config"
RULE = TradeOffRule(
    name="r", worse=("duration_s",), better=("cpu_core_seconds",), gain_per_loss=1, maximum_loss=1
)


@pytest.mark.parametrize(
    ("value", "field", "wrong"),
    [
        pytest.param(value, field, wrong, id=f"{type(value).__name__}.{field}")
        for value, fields in (
            (
                StagePolicy(),
                {
                    "threshold_relative": 0.0,
                    "threshold_points": -1.0,
                    "expected_every_hours": 0.0,
                    "alpha": 1.0,
                    "false_discovery_rate": 0.0,
                    "equivalence_relative": 1.5,
                    "equivalence_points": float("inf"),
                    "equivalence_events_per_run": 0.0,
                    "minimum_baseline_runs": 1,
                    "minimum_current_runs": 0,
                    "moderated_minimum_cells": 1,
                    "power": 0.01,
                    "maximum_runs": 1,
                    "coverage": (TierCoverage(tier=1, allowed_missing_share=0),) * 2,
                    "trade_offs": (RULE, RULE),
                },
            ),
            (
                CommonShiftPolicy(),
                {
                    "alpha": 0.0,
                    "minimum_cells": 2,
                    "minimum_relative": 0.0,
                    "finding_relative": 0.01,
                    "finding_points": 0.1,
                    "minimum_share": 1.1,
                    "maximum_spread": 0.0,
                },
            ),
            (RollUpPolicy(), {"alpha": 2.0, "minimum_cells": 1, "maximum_effects": 0}),
            (ConfirmationPolicy(), {"runs_per_side": 1, "maximum_cells": 0}),
            (GatePolicy(), {"allowed_undecided_share": 1.1, "allowed_failed_run_share": -0.1}),
            (TierCoverage(tier=1, allowed_missing_share=0.5), {"tier": 4}),
            (RULE, {"name": "", "worse": (), "gain_per_loss": 0.0, "maximum_loss": -1.0}),
        )
        for field, wrong in fields.items()
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(value, field, wrong):
    with pytest.raises(ValueError, match=field):
        replace(value, **{field: wrong})


def test_a_verdict_cannot_both_block_and_warn():
    with pytest.raises(ValueError, match="regressed"):
        GatePolicy(blocks=(Verdict.REGRESSED,), warns=(Verdict.REGRESSED,))


def test_nobody_acts_on_what_is_good():
    with pytest.raises(ValueError, match="improved"):
        GatePolicy(warns=(Verdict.IMPROVED,))


def test_a_metric_cannot_pay_for_itself():
    with pytest.raises(ValueError, match="duration_s"):
        replace(RULE, better=("duration_s",))


def test_channels_are_named_once():
    with pytest.raises(ValueError, match="channels"):
        AlertPolicy(channels=("slack", "slack"))


def test_every_stage_has_a_policy():
    with pytest.raises(ValueError, match="weekly"):
        RegressionPolicy(stages={Stage.CI: StagePolicy(), Stage.NIGHTLY: StagePolicy()})


def test_baselines_are_held_against_the_strictest_stage():
    stages = {stage: StagePolicy() for stage in Stage}
    stages[Stage.CI] = StagePolicy(threshold_relative=0.60, power=0.9)
    stages[Stage.WEEKLY] = StagePolicy(threshold_points=2.0)
    policy = RegressionPolicy(stages=stages).for_baselines(Stage.CI)
    assert (policy.threshold_relative, policy.threshold_points, policy.power) == (0.20, 2.0, 0.9)


def test_the_shipped_policy_keeps_the_rule_that_was_asked_for():
    settings = load_configuration(CONFIG)
    for stage in Stage:
        policy = settings.regression.stages[stage]
        assert (policy.threshold_relative, policy.alpha) == (0.20, 0.05)
        assert Verdict.REGRESSED in policy.gate.blocks
        assert Verdict.SUSPECTED in policy.gate.warns
    nightly = settings.regression.stages[Stage.NIGHTLY]
    assert nightly.confirmation.is_requested
    known = set(settings.metrics.names)
    for rule in nightly.trade_offs:
        assert {*rule.worse, *rule.better} <= known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("stages: {ci: {thresold: 1}}", "thresold", id="misspelt key"),
        pytest.param("stages: {hourly: {}}", "hourly", id="unknown stage"),
        pytest.param("stages: {ci: {alpha: 7}, nightly: {}, weekly: {}}", "alpha", id="range"),
        pytest.param("stages: {ci: {gate: {blocks: [sad]}}}", "sad", id="unknown verdict"),
    ],
)
def test_a_policy_file_that_breaks_a_rule_is_refused(tmp_path, text, message):
    path = tmp_path / "regression.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_yaml_as(path, RegressionPolicy)
