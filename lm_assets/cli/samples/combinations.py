"""The combinations of SAMPLES files: their full names, and the dimension values they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lm_assets.cli.samples.samples_file import Sample
from lm_assets.gateways.configuration import Configuration, read_yaml_as
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import UnknownCombinationError, UnusableInputError

Dimensions = Mapping[str, Mapping[str, str]]


def resolved(
    sides: Sequence[Sequence[Sample]], matrix_file: Path | None, settings: Configuration
) -> tuple[list[list[Sample]], Dimensions]:
    """Return the samples under full names, and the dimension values of each combination.

    With a matrix every combination must be in it, under any spelling. Without one any name is
    accepted; where all of them are in the configured matrix its dimensions are used.

    Raises
    ------
    UnusableInputError
        Naming the line and the combination that is not in the matrix.
    """
    if matrix_file is not None:
        matrix = read_yaml_as(matrix_file, Matrix)
        named = [[_in_matrix(sample, matrix) for sample in side] for side in sides]
        return named, {c.id: c.dimensions for c in matrix.combinations}
    names = {sample.combination for side in sides for sample in side}
    known = settings.matrix.by_id
    if names <= known.keys():
        return [list(side) for side in sides], {n: known[n].dimensions for n in names}
    return [list(side) for side in sides], {}


def _in_matrix(sample: Sample, matrix: Matrix) -> Sample:
    try:
        return replace(sample, combination=matrix.resolve(sample.combination).id)
    except UnknownCombinationError as error:
        raise UnusableInputError("combination", f"{sample.place}: {error}") from error
