"""Campaigns of known truth, and what the judge makes of them."""

import dataclasses

import numpy as np
import pytest

from lm_assets.model.campaign import Stage
from lm_assets.model.combination import Combination
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.calibration.measures import (
    KnownCampaign,
    at_most_one_false_cell,
    calibration_rows,
    joined,
    only_a_common_shift,
    only_this_place,
    random_cells,
    run_trial,
)
from lm_assets.regression.calibration.noise import Noise, NoiseLaw
from lm_assets.regression.calibration.replay import ReplaySource, SimulatedSource
from lm_assets.regression.calibration.scenarios import (
    CalibrationScenario,
    run_scenario,
    shipped_scenarios,
)
from lm_assets.regression.calibration.simulation import (
    EffectKind,
    InjectedEffect,
    SimulatedMatrix,
    moved_cells,
    simulate_values,
)
from lm_assets_tests.regression.small_campaigns import CATALOGUE, MATRIX, metric_of

COMBINATIONS = [Combination(id=name, dimensions=values) for name, values in MATRIX.items()]
METRICS = [
    metric_of(name) for name in ("failed_tasks", "gc_time_pct", "duration_s", "throughput_rows_s")
]
TASKS, GC, DURATION, THROUGHPUT = range(4)


def matrix():
    return SimulatedMatrix.draw(COMBINATIONS, METRICS, np.random.default_rng(0))


def values(*, seed=1, runs=5, noise=None, effects=(), progress=1.0):
    rng = np.random.default_rng(seed)
    quiet = Noise(relative_sd=0.0) if noise is None else noise
    return simulate_values(matrix(), quiet, rng, runs=runs, effects=effects, progress=progress)


def test_equal_seeds_give_equal_campaigns_and_others_do_not():
    assert np.array_equal(values(noise=Noise()), values(noise=Noise()))
    assert not np.array_equal(values(noise=Noise()), values(noise=Noise(), seed=2))


def test_a_step_moves_each_scale_in_its_own_way():
    before, after = values(), values(effects=[InjectedEffect(factor=1.5)])
    assert after[:, DURATION] == pytest.approx(1.5 * before[:, DURATION])
    assert after[:, THROUGHPUT] == pytest.approx(before[:, THROUGHPUT] / 1.5)
    assert after[:, GC] - before[:, GC] == pytest.approx(25 * np.log(1.5))


def test_an_effect_reaches_its_place_and_its_metric_only():
    effect = InjectedEffect(factor=2.0, where={"extension": "rapids"}, metrics=("duration_s",))
    moved = values(effects=[effect]) != values()
    names = {(COMBINATIONS[c].id, METRICS[m].name) for c, m, _ in np.argwhere(moved).tolist()}
    assert names == moved_cells(matrix(), [effect])
    assert len(names) == 10


def test_a_ramp_grows_and_a_spike_is_one_run():
    ramp = InjectedEffect(kind=EffectKind.RAMP, factor=4.0)
    before = values()[:, DURATION]
    half = values(effects=[ramp], progress=0.5)[:, DURATION] / before
    assert half == pytest.approx(2.0)
    spiky = InjectedEffect(kind=EffectKind.SPIKE, factor=3.0)
    spike = values(effects=[spiky])[:, DURATION] / before
    assert spike[:, 0] == pytest.approx(3.0)
    assert spike[:, 1:] == pytest.approx(1.0)


@pytest.mark.parametrize("law", list(NoiseLaw))
def test_the_noise_has_the_spread_that_was_asked_for(law):
    logs = np.log(values(noise=Noise(relative_sd=0.2, law=law), runs=2000)[:, DURATION])
    assert logs.std(axis=1).mean() == pytest.approx(0.2, rel=0.1)


def test_noise_can_be_shared_by_the_metrics_of_a_run_and_by_the_runs_on_a_node():
    of_cell = values(noise=Noise(shared=0.9), runs=200)[0]
    logs = np.log(of_cell[DURATION]), -np.log(of_cell[THROUGHPUT])
    assert np.corrcoef(*logs)[0, 1] == pytest.approx(0.9, abs=0.1)
    pinned, spread = (
        np.log(values(noise=Noise(relative_sd=0.0, node_sd=0.3, is_pinned=fixed))[:, DURATION])
        for fixed in (True, False)
    )
    assert np.ptp(pinned, axis=1) == pytest.approx(0.0)
    assert np.ptp(spread, axis=1).max() > 0.1


@pytest.mark.parametrize(
    "wrong", [{"relative_sd": -0.1}, {"shared": 1.1}, {"nodes": 0}, {"node_sd": float("nan")}]
)
def test_noise_that_cannot_be_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Noise(**wrong)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("inf"), float("nan")])
def test_a_factor_that_is_none_is_refused(factor):
    with pytest.raises(ValueError, match="factor"):
        InjectedEffect(factor=factor)


def known(effects=(), *, seed=1, noise=0.05):
    cells = matrix()
    sides = [
        cells.table(values(seed=seed + at, noise=Noise(relative_sd=noise), effects=done))
        for at, done in ((0, ()), (1000, effects))
    ]
    return KnownCampaign(
        baseline=sides[0],
        current=sides[1],
        dimensions=cells.dimensions,
        moved=moved_cells(cells, effects),
    )


def trial(campaign, expectation=None):
    return run_trial(
        campaign,
        stage=Stage.NIGHTLY,
        metrics=CATALOGUE,
        policy=StagePolicy(),
        expectation=expectation,
    )


def test_found_and_false_cells_are_counted_apart():
    names = [c.id for c in COMBINATIONS]
    effects = random_cells(
        names, ["duration_s"], share=0.1, factor=2.0, rng=np.random.default_rng(1)
    )
    result = trial(known(effects), at_most_one_false_cell)
    assert (result.moved["duration_s"], len(result.found)) == (4, 4)
    assert result.unmoved == {**dict.fromkeys([m.name for m in METRICS], 40), "duration_s": 36}
    assert result.is_as_expected
    everything = calibration_rows("steps", Stage.NIGHTLY, [result])[0]
    assert (everything.recall.share, everything.recall.trials) == (1.0, 4)


@pytest.mark.parametrize(
    ("effects", "expectation"),
    [
        pytest.param((InjectedEffect(factor=1.3),), only_a_common_shift, id="everywhere"),
        pytest.param(
            (InjectedEffect(factor=1.5, where={"extension": "rapids"}),),
            only_this_place({"extension": "rapids"}),
            id="one value",
        ),
    ],
)
def test_an_expectation_tells_what_it_waits_for_from_nothing(effects, expectation):
    assert trial(known(effects), expectation).is_as_expected
    assert not trial(known(), expectation).is_as_expected


def test_campaigns_in_a_row_find_a_cell_once_and_say_when():
    first, second = trial(known()), trial(known())
    cell = ("x", "duration_s")
    early = dataclasses.replace(first, found={}, noticed={cell: 0}, moved={"duration_s": 1})
    late = dataclasses.replace(second, found={cell: 0}, noticed={cell: 0})
    both = joined([early, late])
    assert (both.campaigns, both.found, both.noticed) == (2, {cell: 1}, {cell: 0})
    row = calibration_rows("ramp", Stage.NIGHTLY, [both])[0]
    assert (row.delay_campaigns, row.delay_ci95, row.campaigns) == (1.0, None, 2)


def test_the_delay_has_the_interval_of_its_mean():
    # R: t.test(c(0, 1, 1, 2, 3))$conf.int is -0.01571478 to 2.81571478.
    delays = {(f"c{at}", "duration_s"): delay for at, delay in enumerate((0, 1, 1, 2, 3))}
    tried = dataclasses.replace(
        trial(known()), campaigns=4, found=delays, noticed=delays, moved={"duration_s": 5}
    )
    row = calibration_rows("ramp", Stage.NIGHTLY, [tried])[0]
    assert row.delay_campaigns == pytest.approx(1.4)
    assert row.delay_ci95 == pytest.approx((0.0, 2.81571478))


def test_stored_runs_are_dealt_without_repetition():
    table = matrix().table(values(noise=Noise(), runs=10))
    source = ReplaySource.of_samples(table, CATALOGUE, COMBINATIONS, runs=5)
    rng = np.random.default_rng(1)
    deal = source.deal(rng)
    stored = {(c, m, value) for c, m, _, value in table.rows()}
    before = {(c, m, value) for c, m, _, value in deal.baseline.rows()}
    now = {(c, m, value) for c, m, _, value in deal.current(rng, (), progress=1.0).rows()}
    measured = {key for key in stored if key[1] != "failed_tasks"}
    close = {(c, m, round(v, 9)) for c, m, v in before | now if m != "failed_tasks"}
    assert close == {(c, m, round(v, 9)) for c, m, v in measured}


def test_runs_that_are_too_few_to_split_are_refused():
    table = matrix().table(values(noise=Noise(), runs=9))
    with pytest.raises(ValueError, match=r"2 × 5 runs .* at most 9"):
        ReplaySource.of_samples(table, CATALOGUE, COMBINATIONS, runs=5)


@pytest.mark.parametrize("kind", ["simulated", "replayed"])
def test_every_scenario_is_scored_on_either_source(kind):
    simulated = SimulatedSource(matrix=matrix(), noise=Noise(relative_sd=0.05), runs=5)
    table = matrix().table(values(noise=Noise(relative_sd=0.05), runs=12))
    replayed = ReplaySource.of_samples(table, CATALOGUE, COMBINATIONS, runs=5)
    source = simulated if kind == "simulated" else replayed
    policy = StagePolicy()
    rows = {}
    for scenario in shipped_scenarios(factor=2.0, share=0.05, length=2):
        result = run_scenario(
            scenario,
            source,
            np.random.default_rng(3),
            stage=Stage.NIGHTLY,
            metrics=CATALOGUE,
            policy=policy,
        )
        rows[scenario.name] = calibration_rows(scenario.name, Stage.NIGHTLY, [result])[0]
    assert rows["nothing changed (A/A)"].recall.trials == 0
    assert rows["step +100 %"].recall.share == 1.0
    assert rows["ramp to +100 % in 2 campaigns"].recall.share >= 0.8
    assert all(row.false_alarms <= 2 for row in rows.values())


def test_a_scenario_without_a_kind_changes_nothing():
    source = SimulatedSource(matrix=matrix(), noise=Noise(), runs=5)
    result = run_scenario(
        CalibrationScenario(name="A/A"),
        source,
        np.random.default_rng(1),
        stage=Stage.CI,
        metrics=CATALOGUE,
        policy=StagePolicy(),
    )
    assert sum(result.moved.values()) == 0
