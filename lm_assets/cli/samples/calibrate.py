"""``lm calibrate``: false alarms, recall and delay of the judge, on stored or simulated runs."""

from dataclasses import replace
from pathlib import Path

import click
import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from lm_assets.cli.options import json_option, policy_option
from lm_assets.cli.samples.assumed_metrics import catalogue_for, describe
from lm_assets.cli.samples.combinations import resolved
from lm_assets.cli.samples.documents import dumped
from lm_assets.cli.samples.samples_file import metric_places, read_samples, sample_table
from lm_assets.cli.samples.tables import print_calibration
from lm_assets.cli.terminal_text import wide_console
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.combination import Combination
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.regression.calibration.measures import CalibrationRow, calibration_rows
from lm_assets.regression.calibration.noise import Noise
from lm_assets.regression.calibration.replay import CampaignSource, ReplaySource, SimulatedSource
from lm_assets.regression.calibration.scenarios import (
    run_scenario,
    shipped_scenarios,
)
from lm_assets.regression.calibration.simulation import SimulatedMatrix


@click.command()
@click.argument("samples", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1)
@click.option(
    "--stage",
    "stages",
    type=click.Choice([stage.value for stage in Stage]),
    multiple=True,
    default=(Stage.NIGHTLY.value,),
    show_default=True,
    help="Whose policy is put to the test. Repeatable.",
)
@click.option("--campaigns", type=click.IntRange(1), default=50, show_default=True)
@click.option("--runs", type=click.IntRange(2), default=5, show_default=True, help="Runs a side.")
@click.option("--factor", type=click.FloatRange(0.01, 100), default=1.5, show_default=True)
@click.option("--share", type=click.FloatRange(0, 1), default=0.05, show_default=True)
@click.option("--length", type=click.IntRange(2), default=6, show_default=True)
@click.option("--noise", type=click.FloatRange(0, 2), default=0.1, show_default=True)
@click.option("--priority", default="p1", show_default=True, help="Part of the matrix simulated.")
@click.option("--seed", type=int, default=1, show_default=True)
@policy_option
@json_option
def calibrate(
    *,
    samples: tuple[Path, ...],
    stages: tuple[str, ...],
    campaigns: int,
    runs: int,
    factor: float,
    share: float,
    length: int,
    noise: float,
    priority: str,
    seed: int,
    config_directory: Path,
    as_json: bool,
) -> None:
    """Measure how often the judge is right: false alarms, recall, and delay in campaigns.

    With SAMPLES files, stored runs are dealt out anew as baseline and current (an A/A split, with
    the noise that your system really has), and known steps, ramps, spikes and changes of variance
    are put in. Only combinations with 2 x RUNS runs can be dealt. Without files, the configured
    matrix is simulated.

    \b
    Examples:
      lm calibrate                                    the shipped policy, on simulated campaigns
      lm calibrate history.jsonl --stage ci --runs 3  on your own runs
    """
    settings = load_configuration(config_directory)
    if samples:
        source, metrics = _replayed(samples, runs, settings)
    else:
        source, metrics = _simulated(priority, noise, runs, seed, settings), settings.metrics
    scenarios = shipped_scenarios(factor=factor, share=share, length=length)
    rows: list[CalibrationRow] = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("calibrating", total=len(stages) * len(scenarios) * campaigns)
        for stage in map(Stage, stages):
            for scenario in scenarios:
                trials = []
                for campaign in range(campaigns):
                    trials.append(
                        run_scenario(
                            scenario,
                            source,
                            np.random.default_rng([seed, campaign]),
                            stage=stage,
                            metrics=metrics,
                            policy=settings.regression.stages[stage],
                        )
                    )
                    progress.advance(task)
                rows += calibration_rows(scenario.name, stage, trials)
    if as_json:
        click.echo(dumped({"rows": msgspec.to_builtins(rows)}))
    else:
        print_calibration(wide_console(), rows)


def _replayed(
    files: tuple[Path, ...], runs: int, settings: Configuration
) -> tuple[CampaignSource, MetricCatalogue]:
    samples, dimensions = resolved([read_samples(file) for file in files], None, settings)
    # Equal run names in two files are two runs.
    merged = [
        replace(sample, run=f"{at}-{sample.run}")
        for at, side in enumerate(samples)
        for sample in side
    ]
    metrics, assumed = catalogue_for(metric_places(merged), settings.metrics)
    for metric in assumed:
        click.echo(describe(metric), err=True)
    names = sorted({sample.combination for sample in merged})
    combinations = [Combination(id=n, dimensions=dimensions.get(n, {})) for n in names]
    try:
        source = ReplaySource.of_samples(sample_table(merged), metrics, combinations, runs=runs)
    except ValueError as error:
        raise UnusableInputError("too_few_runs", str(error)) from error
    left_out = len(names) - len(source.matrix.combinations)
    if left_out:
        click.echo(f"{left_out} combinations have fewer than {2 * runs} runs: left out", err=True)
    return source, metrics


def _simulated(
    priority: str, noise: float, runs: int, seed: int, settings: Configuration
) -> CampaignSource:
    matrix = SimulatedMatrix.draw(
        settings.matrix.of_priority(priority),
        [metric for metric in settings.metrics if metric.is_judged],
        np.random.default_rng(seed),
    )
    return SimulatedSource(matrix=matrix, noise=Noise(relative_sd=noise), runs=runs)
