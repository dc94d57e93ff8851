"""``lm simulate``: a whole campaign of result files, made up and marked as such."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec
import numpy as np

from lm_assets.cli.options import json_option, policy_option
from lm_assets.cli.samples.documents import dumped
from lm_assets.gateways.bucket.object_keys import (
    incoming_prefix,
    manifest_key,
    success_key,
    validated_id,
)
from lm_assets.gateways.configuration import load_configuration, read_yaml_as
from lm_assets.model.campaign import Manifest, Stage
from lm_assets.model.combination import Matrix
from lm_assets.regression.calibration.noise import Noise, NoiseLaw
from lm_assets.regression.calibration.simulation import (
    EffectKind,
    InjectedEffect,
    SimulatedMatrix,
    simulate_values,
)
from lm_assets.stats.validation import FloatArray

# Where a result line has a field of its own for a metric; SAMPLES files hold all of them.
_FIELDS = {
    "duration_s": "duration_sec",
    "throughput_rows_s": "throughput_rows_sec",
    "latency_p50_ms": "latency_p50_ms",
    "latency_p95_ms": "latency_p95_ms",
    "latency_p99_ms": "latency_p99_ms",
}
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_LEVELS = 0
_RUNS = 1


@click.command()
@click.option("--campaign", required=True, help="Id of the campaign, such as nightly-simulated-1.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder; the layout below it is that of the bucket.",
)
@click.option("--samples", "samples_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--matrix", "matrix_file", type=click.Path(path_type=Path, exists=True))
@click.option("--priority", help="Only this part of the matrix.")
@click.option("--stage", type=click.Choice([s.value for s in Stage]), default=Stage.NIGHTLY.value)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True)
@click.option("--noise", type=click.FloatRange(0, 2), default=0.1, show_default=True)
@click.option("--law", type=click.Choice([v.value for v in NoiseLaw]), default="log_normal")
@click.option(
    "--shared", type=click.FloatRange(0, 1), default=0.0, help="Between metrics of a run."
)
@click.option("--node-noise", type=click.FloatRange(0, 2), default=0.0, help="Between nodes.")
@click.option("--nodes", type=click.IntRange(1), default=10, show_default=True)
@click.option("--pinned", is_flag=True, help="All runs of a combination on one node.")
@click.option("--effect", "effects", multiple=True, help="KEY=VALUE,…: see below. Repeatable.")
@click.option("--progress", type=click.FloatRange(0, 1), default=1.0, help="How far ramps are.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the noise.")
@click.option("--system", type=int, default=1, show_default=True, help="Seed of the true levels.")
@policy_option
@json_option
def simulate(
    *,
    campaign: str,
    output: Path,
    samples_file: Path | None,
    matrix_file: Path | None,
    priority: str | None,
    stage: str,
    runs: int,
    noise: float,
    law: str,
    shared: float,
    node_noise: float,
    nodes: int,
    pinned: bool,
    effects: tuple[str, ...],
    progress: float,
    seed: int,
    system: int,
    config_directory: Path,
    as_json: bool,
) -> None:
    """Write the files of a simulated campaign: manifest, result lines, end mark.

    Manifest and every line say that they are simulated. Campaigns of one --system share their true
    levels, so that one can be the baseline of the other. Result lines hold the metrics that a load
    runner reports; --samples FILE holds all of them, for `lm judge`.

    \b
    An effect is KEY=VALUE,...: factor (of the slow-down), kind (step, ramp, spike, variance),
    metric, combination, and any dimension:
      --effect factor=1.3,extension=rapids,operation=join
      --effect factor=1.25
      --effect kind=variance,factor=2,metric=duration_s

    \b
    Example:
      lm simulate --campaign nightly-base --output sim --samples a.jsonl --seed 1
      lm simulate --campaign nightly-new --output sim --samples b.jsonl --seed 2 \\
        --effect factor=1.3,extension=rapids
      lm judge --baseline a.jsonl --current b.jsonl
    Or let the platform judge it:
      aws s3 cp --recursive sim/incoming s3://$LM_S3_BUCKET/incoming
    """
    validated_id("campaign", campaign)
    settings = load_configuration(config_directory)
    matrix = settings.matrix if matrix_file is None else read_yaml_as(matrix_file, Matrix)
    combinations = matrix.combinations if priority is None else matrix.of_priority(priority)
    simulated = SimulatedMatrix.draw(
        combinations,
        [metric for metric in settings.metrics if metric.is_judged],
        np.random.default_rng([system, _LEVELS]),
    )
    values = simulate_values(
        simulated,
        Noise(
            relative_sd=noise,
            law=NoiseLaw(law),
            shared=shared,
            node_sd=node_noise,
            nodes=nodes,
            is_pinned=pinned,
        ),
        np.random.default_rng([seed, _RUNS]),
        runs=runs,
        effects=[parsed_effect(text, matrix) for text in effects],
        progress=progress,
    )
    values = _with_ordered_latencies(simulated, values)
    manifest = Manifest(
        campaign=campaign,
        stage=Stage(stage),
        priority=priority or "",
        created_at=_BEGUN.isoformat(),
        runs_per_combination=runs,
        expected_combinations=tuple(c.id for c in combinations),
        environment={"simulated": "true"},
        notes=f"simulated: {', '.join(effects) or 'nothing injected'}",
        is_simulated=True,
    )
    _write_campaign(output, manifest, simulated, values)
    if samples_file is not None:
        _write(samples_file, b"".join(_sample_lines(simulated, values)))
    click.echo(f"wrote {len(combinations)} combinations × {runs} runs to {output}", err=True)
    if as_json:
        click.echo(dumped(_document(manifest, output, samples_file)))


def _document(manifest: Manifest, output: Path, samples_file: Path | None) -> dict[str, object]:
    return {
        "campaign": manifest.campaign,
        "is_simulated": manifest.is_simulated,
        "combinations": list(manifest.expected_combinations),
        "runs_per_combination": manifest.runs_per_combination,
        "notes": manifest.notes,
        "incoming": str(output / incoming_prefix(manifest.campaign)),
        "samples": None if samples_file is None else str(samples_file),
    }


def _write_campaign(
    output: Path, manifest: Manifest, matrix: SimulatedMatrix, values: FloatArray
) -> None:
    campaign = manifest.campaign
    _write(output / manifest_key(campaign), msgspec.json.encode(manifest, order="sorted"))
    for at, combination in enumerate(matrix.combinations):
        lines = b"".join(_result_lines(matrix, values, at))
        _write(output / incoming_prefix(campaign) / combination.id / "results.jsonl", lines)
    _write(output / success_key(campaign), b"")


def parsed_effect(text: str, matrix: Matrix) -> InjectedEffect:
    """Return the effect that an option describes; unknown keys and values are refused."""
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    where = {name: value for name, value in fields.items() if name in matrix.dimensions}
    unknown = fields.keys() - where.keys() - {"factor", "kind", "metric", "combination"}
    if unknown:
        raise click.BadParameter(f"unknown keys in {text!r}: {sorted(unknown)}")
    for name, value in where.items():
        if value not in matrix.dimensions[name]:
            raise click.BadParameter(f"{name} has no value {value!r}: {matrix.dimensions[name]}")
    try:
        return InjectedEffect(
            kind=EffectKind(fields.get("kind", "step")),
            factor=float(fields.get("factor", "nan")),
            metrics=(fields["metric"],) if "metric" in fields else (),
            combinations=(fields["combination"],) if "combination" in fields else (),
            where=where,
        )
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}") from error


def _result_lines(matrix: SimulatedMatrix, values: FloatArray, at: int) -> Iterator[bytes]:
    names = [metric.name for metric in matrix.metrics]
    begun = _BEGUN
    for run in range(values.shape[2]):
        of_run = dict(zip(names, values[at, :, run].tolist(), strict=True))
        ended = begun + timedelta(seconds=of_run.get("duration_s", 60.0))
        line = {
            "test_name": matrix.combinations[at].id,
            "run_id": f"run-{run + 1}",
            "start_time": begun.isoformat(),
            "end_time": ended.isoformat(),
            "exit_code": 0,
            **{field: of_run[name] for name, field in _FIELDS.items() if name in of_run},
            "simulated": True,
        }
        begun = ended
        yield msgspec.json.encode(line) + b"\n"


def _with_ordered_latencies(matrix: SimulatedMatrix, values: FloatArray) -> FloatArray:
    """Return the values with each run's p50, p95 and p99 in their order, as in any real run."""
    names = [metric.name for metric in matrix.metrics]
    places = [
        names.index(f"latency_{q}_ms") for q in ("p50", "p95", "p99") if f"latency_{q}_ms" in names
    ]
    ordered = values.copy()
    ordered[:, places] = np.sort(values[:, places], axis=1)
    return ordered


def _sample_lines(matrix: SimulatedMatrix, values: FloatArray) -> Iterator[bytes]:
    for (c, m, r), value in np.ndenumerate(values):
        if math.isfinite(value):
            sample = {
                "combination": matrix.combinations[c].id,
                "metric": matrix.metrics[m].name,
                "run": f"run-{r + 1}",
                "value": float(value),
                "simulated": True,
            }
            yield msgspec.json.encode(sample) + b"\n"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
