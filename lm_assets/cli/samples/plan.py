"""``lm plan``: the next runs, in an order and on machines that are not taken for a change."""

from pathlib import Path

import click
import msgspec

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option, policy_option
from lm_assets.cli.samples.documents import dumped
from lm_assets.gateways.configuration import load_configuration, read_yaml_as
from lm_assets.model.combination import Matrix
from lm_assets.regression.confirmation.run_order import PlannedRun, paired_runs, spread_runs


@click.command()
@click.option("--priority", help="Only this part of the matrix.")
@click.option("--combination", "combinations", multiple=True, help="Only this one. Repeatable.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Of each.")
@click.option("--node", "nodes", multiple=True, help="A machine to run on. Repeatable.")
@click.option("--paired", is_flag=True, help="Baseline and current in turn, each pair on one node.")
@click.option("--matrix", "matrix_file", type=click.Path(path_type=Path, exists=True))
@policy_option
@json_option
def plan(
    *,
    priority: str | None,
    combinations: tuple[str, ...],
    runs: int,
    nodes: tuple[str, ...],
    paired: bool,
    matrix_file: Path | None,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Plan the next runs, so that machine and hour are not taken for a change.

    Without --paired the runs of each combination are spread over time and nodes: rounds over the
    whole list, each begun elsewhere, every run of a combination on the next node. With --paired
    baseline and current are made in turn, both runs of a pair on one node and the next pair on
    another, as the requests under confirmations/ are.

    \b
    Examples:
      lm plan --priority p0 --node worker-1 --node worker-2 --node worker-3
      lm plan --paired --runs 3 --combination 3.5.0_connect_kubernetes_none_read_1gb
    """
    matrix = (
        read_yaml_as(matrix_file, Matrix)
        if matrix_file
        else load_configuration(config_directory).matrix
    )
    listed = matrix.combinations if priority is None else matrix.of_priority(priority)
    named = [matrix.resolve(name).id for name in combinations]
    chosen = named or [combination.id for combination in listed]
    planned = (paired_runs if paired else spread_runs)(chosen, runs=runs, nodes=nodes)
    if as_json:
        click.echo(dumped(msgspec.to_builtins(planned)))
    else:
        for run in planned:
            click.echo(_line(run))
    return ExitCode.OK


def _line(run: PlannedRun) -> str:
    where = f"  on {run.node}" if run.node else ""
    pair = f"  pair {run.pair}" if run.pair is not None else ""
    return f"{run.order}  {run.combination}  {run.run_id}{pair}{where}"
