r"""Record the demo campaigns: every load run a Spark application of its own, nothing edited.

Makes the input data once, then runs five workloads on two Spark versions and two data sizes for
three campaigns in turn, and leaves each campaign as a load runner would deliver it: a manifest, a
result line and an event log for every run. Stopped and started again, it goes on where it was.

Example::

    python demo/record.py fortnight --root /opt/lm-demo \
        --spark 3.5.9=/opt/lm-demo/spark-3.5.9/bin/python \
        --spark 4.0.5=/opt/lm-demo/spark-4.0.5/bin/python
"""

import argparse
import json
import shutil
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import launch
import manifest
import nights
import plan
import settings
import three_campaigns
import yaml
import zstandard
from tables import DAILY

HERE = Path(__file__).resolve().parent


KINDS: dict[str, ModuleType] = {"campaigns": three_campaigns, "fortnight": nights}
RUNS = {"campaigns": 5, "fortnight": 3}


def record(recording: plan.Recording, load_run: plan.LoadRun) -> dict[str, object]:
    """Execute one load run and put its event log, then its result line, in place."""
    cell = load_run.dimensions
    version = cell["spark_version"]
    options = settings.of_run(
        operation=cell["operation"], change=load_run.change, root=recording.root, version=version
    )
    arguments = launch.workload_arguments(recording, cell["operation"], cell["data_size"], options)
    if cell["data_size"] == DAILY:
        launch.point_to_table(recording, load_run.table)
    launch.empty(recording.root / "eventlog")
    started_at = datetime.now(UTC)
    with launch.neighbour(recording) if load_run.has_neighbour else nullcontext():
        exit_code = launch.application(recording, version, *arguments)
    line = {
        "test_name": f"p1_{load_run.combination}",
        "run_id": load_run.run_id,
        "start_time": plan.timestamp(started_at),
        "end_time": plan.timestamp(datetime.now(UTC)),
        "exit_code": exit_code,
    }
    result = recording.root / "result.json"
    if result.exists():
        line |= json.loads(result.read_text())
    place = recording.out / recording.campaign(load_run.campaign) / load_run.combination
    launch.empty(place / load_run.run_id / "eventlog")
    for log in sorted((recording.root / "eventlog").iterdir()):
        _store_log(log, place / load_run.run_id / "eventlog" / log.name, whole=exit_code == 0)
    plan.write_whole(place / f"{load_run.run_id}.jsonl", json.dumps(line) + "\n")
    return line


def _store_log(source: Path, target: Path, *, whole: bool) -> None:
    """Copy an event log; a whole one is packed into a single frame, its content as Spark wrote it.

    Spark closes a Zstandard frame at every flush, which makes the file three times as large.
    """
    if not whole:
        shutil.copyfile(source, target)
        return
    with source.open("rb") as packed:
        reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        content = reader.read()
    target.write_bytes(zstandard.ZstdCompressor(level=19).compress(content))


def _arguments() -> tuple[str, plan.Recording]:
    """Read what to record, and how, from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=list(KINDS), help="the three campaigns, or the nights")
    parser.add_argument(
        "--spark",
        action="append",
        required=True,
        metavar="VERSION=INTERPRETER",
        help="a Python interpreter that has this PySpark; once for every version of the matrix",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/opt/lm-demo"),
        help="folder of everything that is not kept; its path shows in event logs (%(default)s)",
    )
    parser.add_argument("--out", type=Path, help="folder of the recorded campaigns (demo/WHAT)")
    today = datetime.now(UTC).date().isoformat()
    parser.add_argument("--prefix", default=f"nightly-{today}", help="start of the campaign ids")
    parser.add_argument("--runs", type=int, help="runs per combination (5; of a night 3)")
    parser.add_argument("--seed", type=int, default=20261123, help="seed of the order of runs")
    parser.add_argument("--cpu", type=int, default=0, help="core to run on (%(default)s)")
    parser.add_argument("--nice", type=int, default=-20, help="niceness; below 0 needs root")
    given = vars(parser.parse_args())
    what = given.pop("what")
    given["out"] = given["out"] or HERE / what
    given["runs"] = given["runs"] or RUNS[what]
    pairs = [pair.partition("=") for pair in given.pop("spark")]
    interpreters = {name: Path(path) for name, _, path in pairs}
    return what, plan.Recording(interpreters=interpreters, **given)


def main() -> int:
    """Record every load run that is not there yet."""
    what, recording = _arguments()
    cells = plan.combinations(yaml.safe_load((HERE / "config" / "matrix.yaml").read_text()))
    wanted = {cell["spark_version"] for cell in cells.values()}
    if wanted != set(recording.interpreters):
        raise SystemExit(f"--spark: the matrix has the versions {sorted(wanted)}, each once")
    launch.prepare(recording)
    for campaign in KINDS[what].campaigns(cells):
        manifest.write_manifest(recording, campaign)
    load_runs = list(KINDS[what].load_runs(cells, runs=recording.runs, seed=recording.seed))
    for done, load_run in enumerate(load_runs, start=1):
        campaign = recording.campaign(load_run.campaign)
        line = recording.out / campaign / load_run.combination / f"{load_run.run_id}.jsonl"
        if not line.exists():
            result = record(recording, load_run)
            took = result.get("duration_sec", f"exit code {result['exit_code']}")
            print(
                f"{done}/{len(load_runs)} {campaign} {load_run.combination} "
                f"{load_run.run_id}: {took}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
