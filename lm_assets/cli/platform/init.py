"""``lm init``: a configuration folder for a matrix of one's own, or a deployment's settings."""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import yaml

from lm_assets.cli.platform.deployment_settings import write_deployment_settings
from lm_assets.gateways.baseline_file.file import catalogue_text
from lm_assets.gateways.configuration import (
    BASELINES_FILE,
    SHIPPED_CONFIGURATION,
    Configuration,
    load_configuration,
)
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.errors import LmError
from lm_assets.model.metric import Direction, Scale

_TRADE_OFFS = re.compile(r"    trade_offs: (?:&trade_offs\n(?:      .*\n)+|\*trade_offs\n)")
_DURATION = "duration_s:s:lower"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--dimension",
    "dimensions",
    multiple=True,
    metavar="NAME=VALUE,VALUE",
    help="A dimension of the matrix and its values, such as db=pg16,pg17; may be repeated.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME:UNIT:DIRECTION[:SCALE]",
    help="A metric, such as tps:1/s:higher or errors:errors:lower:count; may be repeated. "
    "Directions are lower, higher, none; scales ratio (unless given), points, count.  "
    "[default: Spark's]",
)
@click.option("--version-dimension", default="", help="The dimension whose values are versions.")
@click.option(
    "--deployment",
    is_flag=True,
    help="Write, in place of a configuration, what a deployment is started with: random secrets "
    "for compose (.env), for processes and pods (platform.env, reader.env), and the databases' "
    "roles (databases.sql), readable by you alone.",
)
def init(
    folder: Path,
    dimensions: tuple[str, ...],
    metrics: tuple[str, ...],
    version_dimension: str,
    deployment: bool,
) -> None:
    """Write a configuration for a matrix of your own: dimensions, metrics, policy, no baselines.

    Without --dimension it asks for dimensions and metrics. Nothing that is there is overwritten.

    \b
    Examples:
      lm init config --dimension db=pg16,pg17 --dimension query=q1,q2,q3 \\
          --metric tps:1/s:higher --metric peak_rss_mb:MB:lower --version-dimension db
      lm init deploy --deployment
    """
    if deployment:
        if dimensions or metrics or version_dimension:
            raise LmError("--deployment writes no configuration: leave the other options out")
        for path in write_deployment_settings(folder):
            click.echo(f"wrote {path}")
        click.echo("Next: docs/deploy.md; lm prepare, then lm doctor")
        return
    if folder.exists() and any(folder.iterdir()):
        raise LmError(f"{folder} is not empty, and nothing in it is overwritten: name another one")
    if dimensions:
        chosen = dict(_dimension(text) for text in dimensions)
    else:
        chosen = _asked_dimensions()
        metrics = metrics or _asked_metrics()
    made = _written(folder, _matrix(chosen, version_dimension), metrics)
    click.echo(
        f"wrote {folder}: {len(made.matrix.combinations)} combinations such as "
        f"{made.matrix.combinations[0].id}, metrics {', '.join(made.metrics.names)}"
    )
    click.echo(f"Next: lm validate RESULTS --config {folder}; lm serve --config {folder}")


def _written(folder: Path, matrix: str, metrics: tuple[str, ...]) -> Configuration:
    """Write the folder and return it as it is read; nothing stays of one that cannot be read."""
    try:
        _write_all(folder, matrix, metrics)
        return load_configuration(folder)
    except LmError as error:
        shutil.rmtree(folder, ignore_errors=True)  # it was empty, or was not there
        raise LmError(f"{error}; nothing was written") from error


def _write_all(folder: Path, matrix: str, metrics: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "matrix.yaml", matrix)
    if metrics:
        _write(folder / "metrics.yaml", _metrics(metrics))
        shipped = (SHIPPED_CONFIGURATION / "regression.yaml").read_text(encoding="utf-8")
        # The shipped exchange rates are of Spark's metrics.
        _write(folder / "regression.yaml", _TRADE_OFFS.sub("    trade_offs: []\n", shipped))
    else:
        for name in ("metrics.yaml", "regression.yaml", "collection.yaml"):
            shutil.copyfile(SHIPPED_CONFIGURATION / name, folder / name)
    shutil.copyfile(SHIPPED_CONFIGURATION / "retention.yaml", folder / "retention.yaml")
    shipped_baselines = SHIPPED_CONFIGURATION / BASELINES_FILE
    (folder / BASELINES_FILE).parent.mkdir()
    text = shipped_baselines.read_text("utf-8") if shipped_baselines.is_file() else ""
    _write(folder / BASELINES_FILE, text or catalogue_text(BaselineCatalogue()))


def _asked_dimensions() -> dict[str, list[str]]:
    """Ask for dimensions until an empty answer ends it."""
    chosen: dict[str, list[str]] = {}
    while said := _answer("A dimension of the matrix, such as db=pg16,pg17 (empty: done)"):
        if "=" not in said:
            said = f"{said}={click.prompt(f'Values of {said}, with commas between')}"
        chosen |= [_dimension(said)]
    if not chosen:
        raise LmError("a matrix has one dimension or more: give --dimension name=value,value")
    return chosen


def _asked_metrics() -> tuple[str, ...]:
    """Ask for metrics until an empty answer ends it; none are Spark's."""
    if click.confirm("Is it Spark, with the metrics of its event logs?", default=False):
        return ()
    chosen = [_DURATION]
    asks = "A metric beside duration_s, such as tps:1/s:higher or peak_mb:MB:lower (empty: done)"
    while said := _answer(asks):
        _metric(said)
        chosen.append(said)
    return tuple(chosen)


def _answer(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False)).strip()


def _dimension(text: str) -> tuple[str, list[str]]:
    name, sign, values = text.partition("=")
    kept = [value.strip() for value in values.split(",") if value.strip()]
    if not (name and sign and kept) or "=" in values:
        raise LmError(f"--dimension must be name=value,value, got {text!r}")
    return name.strip(), kept


def _matrix(dimensions: Mapping[str, list[str]], version_dimension: str) -> str:
    content = {
        "dimensions": dict(dimensions),
        "id_format": "_".join(f"{{{name}}}" for name in dimensions),
        "version_dimension": version_dimension,
        "priorities": {"p0": [{}]},
    }
    head = (
        "# The matrix of combinations under test; values are text: quote numbers. A combination\n"
        "# belongs to a priority when any selector matches; {} matches everything.\n"
    )
    return head + yaml.safe_dump(content, sort_keys=False, default_flow_style=None)


def _metrics(given: Iterable[str]) -> str:
    texts = list(given)
    if not any(text.partition(":")[0] == "duration_s" for text in texts):
        texts.insert(0, _DURATION)
    head = (
        "# Every metric the platform knows, in display order; each is read from result lines by\n"
        "# its name, by its name with another unit, and by `fields:` (docs/input.md).\n"
    )
    content = {"metrics": [_metric(text) for text in texts]}
    return head + yaml.safe_dump(content, sort_keys=False, default_flow_style=None)


def _metric(text: str) -> dict[str, object]:
    parts = text.split(":")
    if len(parts) not in (3, 4):
        raise LmError(f"--metric must be name:unit:direction or …:scale, got {text!r}")
    name, unit, direction, scale = (*parts, Scale.RATIO.value)[:4]
    if direction not in set(Direction) or scale not in set(Scale):
        raise LmError(
            f"--metric {text!r}: a direction is one of {[d.value for d in Direction]}, "
            f"a scale one of {[s.value for s in Scale]}"
        )
    floor = {"noise_floor": 0.01} if scale == Scale.RATIO else {}
    return {
        "name": name,
        "tier": 3,
        "unit": unit,
        "scale": scale,
        "direction": direction,
        **floor,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
