"""``lm convert``: result lines from what other load tools write, one run a file."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from lm_assets.collect.convert import gatling, http_text, jmeter, k6, locust, microbenchmarks
from lm_assets.collect.convert.converted import ConvertedRun
from lm_assets.gateways.bucket.object_keys import validated_id
from lm_assets.model.errors import LmError, UnusableInputError

FORMATS: Mapping[str, Callable[[bytes], list[ConvertedRun]]] = {
    "jmeter": jmeter.convert,
    "k6-summary": k6.convert_summary,
    "k6-points": k6.convert_points,
    "locust": locust.convert,
    "gatling-log": gatling.convert_log,
    "gatling-stats": gatling.convert_stats,
    "hey": http_text.convert_hey,
    "wrk": http_text.convert_wrk,
    "spark-benchmark": microbenchmarks.convert_spark_benchmark,
    "google-benchmark": microbenchmarks.convert_google_benchmark,
    "jmh": microbenchmarks.convert_jmh,
    "pytest-benchmark": microbenchmarks.convert_pytest_benchmark,
    "hyperfine": microbenchmarks.convert_hyperfine,
}
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where converted runs go, and what combination they are of."""

    folder: Path
    combination: str

    def line(self, run: ConvertedRun, run_id: str) -> tuple[str, str]:
        """Return a run's combination and its result line."""
        name = re.sub(r"[^A-Za-z0-9.+=-]+", "-", run.name).strip("-.")
        combination = validated_id("combination", self.combination.replace("{name}", name))
        fields = {"combination": combination, "run_id": run_id, **run.fields, **run.metrics}
        return combination, json.dumps(fields, sort_keys=True)


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@click.option("--format", "form", required=True, type=click.Choice(list(FORMATS)))
@click.option(
    "--combination",
    required=True,
    help="The combination's id; {name} stands for the tool's own name of a benchmark.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder for lm validate and lm submit.",
)
@click.option("--first-run", type=click.IntRange(1), default=1, show_default=True)
def convert(
    files: tuple[Path, ...], form: str, combination: str, folder: Path, first_run: int
) -> None:
    """Write result lines from what a load tool wrote: each FILE is one run.

    A repetition inside a file is no run of its own: its mean or median is the run's value.
    docs/convert.md says which number becomes which metric, and what is not taken.

    \b
    Examples:
      lm convert --format jmeter --combination cart_checkout run-1.jtl run-2.jtl run-3.jtl
      lm convert --format google-benchmark --combination 'gcc14_{name}' run-*.json
    """
    target = Target(folder=folder, combination=combination)
    written: dict[Path, list[str]] = {}
    for number, path in enumerate(files, start=first_run):
        run_id = f"run-{number}"
        for of, line in _lines(path, form, target, run_id):
            written.setdefault(folder / of / f"{run_id}.jsonl", []).append(line)
    for path, lines in written.items():
        if len(lines) != 1:
            raise LmError(
                f"{path} would hold {len(lines)} benchmarks: put {{name}} in --combination"
            )
    _refuse_overwriting(written)
    for path, lines in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines[0] + "\n", encoding="utf-8")
    combinations = len({path.parent for path in written})
    click.echo(f"wrote {len(files)} runs of {combinations} combinations to {folder}", err=True)


def _refuse_overwriting(written: Mapping[Path, list[str]]) -> None:
    """Refuse before anything is written; the same runs may be converted again."""
    for path, lines in written.items():
        if path.exists() and path.read_text(encoding="utf-8") != lines[0] + "\n":
            raise LmError(
                f"{path} is there and holds another run: go on after it with --first-run, or write "
                "--to another folder; nothing was written"
            )


def _lines(path: Path, form: str, target: Target, run_id: str) -> Iterator[tuple[str, str]]:
    if path.stat().st_size > _MAX_BYTES:
        raise LmError(f"{path} is larger than {_MAX_BYTES} bytes")
    try:
        runs = FORMATS[form](path.read_bytes())
    except UnusableInputError as error:
        raise UnusableInputError(error.rule, f"{path} as {form}: {error.detail}") from error
    return (target.line(run, run_id) for run in runs)
