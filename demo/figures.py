"""Work out the figures of demo/README.md from the recorded campaigns.

Plain arithmetic, on purpose independent of the package's own judgement: medians, coefficients of
variation, and Welch's t-test on the seconds of the load runs. ``--write`` puts the tables into
the README between its two marker lines; without it they are printed.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import settings
import zstandard
from scipy.stats import ttest_ind
from three_campaigns import KINDS

HERE = Path(__file__).resolve().parent
MARKERS = ("<!-- figures: begin -->", "<!-- figures: end -->")

Seconds = dict[str, dict[str, list[float]]]


def load_runs(campaign: Path) -> list[dict[str, object]]:
    """Return the campaign's result lines, in the order of combination and run."""
    return [
        json.loads(line)
        for path in sorted(campaign.glob("*/*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def seconds_of(campaigns: dict[str, Path]) -> Seconds:
    """Return the seconds of every run that succeeded: combination → kind → list."""
    seconds: Seconds = defaultdict(lambda: defaultdict(list))
    for kind, folder in campaigns.items():
        for line in load_runs(folder):
            if line["exit_code"] == 0:
                combination = str(line["test_name"]).removeprefix("p1_")
                seconds[combination][kind].append(float(str(line["duration_sec"])))
    return dict(sorted(seconds.items()))


def spilled_and_tasks(combination: Path) -> tuple[int, int]:
    """Return the mean bytes spilled to disk and the mean number of tasks of a load run."""
    logs = sorted(combination.glob("*/eventlog/*"))
    spilled = tasks = 0
    for log in logs:
        with log.open("rb") as packed:
            text = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            for line in text.read().splitlines():
                if line.startswith(b'{"Event":"SparkListenerTaskEnd"'):
                    tasks += 1
                    spilled += json.loads(line)["Task Metrics"]["Disk Bytes Spilled"]
    return round(spilled / len(logs)), round(tasks / len(logs))


def _cv_pct(sample: list[float]) -> float:
    return 100 * statistics.stdev(sample) / statistics.mean(sample)


def _row(name: str, cell: dict[str, list[float]]) -> str:
    """Return one line of the table of durations."""
    base = statistics.median(cell["baseline"])
    texts = [f"{statistics.median(cell[kind]):.2f} ({_cv_pct(cell[kind]):.0f} %)" for kind in KINDS]
    changes = [
        f"{100 * (statistics.median(cell[kind]) / base - 1):+.0f} %" for kind in ("same", "changed")
    ]
    expected = settings.CHANGES[name].expected if name in settings.CHANGES else "untouched"
    return f"| `{name}` | {' | '.join(texts)} | {changes[0]} | {changes[1]} | {expected} |"


def durations_table(seconds: Seconds) -> str:
    """Return the median and CV of every combination in the three campaigns."""
    head = "| combination | baseline, s (CV) | same | changed | same | changed | expected |"
    rows = [_row(name, cell) for name, cell in seconds.items()]
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|---|", *rows])


def naive_rule(seconds: Seconds, kind: str, *, of: set[str]) -> str:
    """Say how many combinations differ from the baseline by Welch's test alone, and by > 20 %."""
    small_p = slower = faster = 0
    for name in of:
        base, current = seconds[name]["baseline"], seconds[name][kind]
        change = statistics.mean(current) / statistics.mean(base) - 1
        if ttest_ind(base, current, equal_var=False).pvalue < 0.05:
            small_p += 1
            slower += change > 0.2
            faster += change < -0.2
    return (
        f"of {len(of)}, {small_p} with p < 0.05; of these {slower} more than 20 % slower and "
        f"{faster} more than 20 % faster"
    )


def causes_table(campaigns: dict[str, Path]) -> str:
    """Return tasks and spilled bytes of the changed combinations, as their event logs say."""
    rows = ["| combination | tasks a run | spilled to disk a run, MB |", "|---|--:|--:|"]
    for name in sorted(settings.CHANGES):
        spilled, tasks = spilled_and_tasks(campaigns["baseline"] / name)
        spilled_now, tasks_now = spilled_and_tasks(campaigns["changed"] / name)
        megabytes = f"{spilled / 1e6:.1f} → {spilled_now / 1e6:.1f}"
        rows.append(f"| `{name}` | {tasks} → {tasks_now} | {megabytes} |")
    return "\n".join(rows)


def report(campaigns: dict[str, Path]) -> str:
    """Return all figures as Markdown."""
    seconds = seconds_of(campaigns)
    changed = set(settings.CHANGES)
    untouched = set(seconds) - changed
    cvs = [_cv_pct(sample) for cell in seconds.values() for sample in cell.values()]
    failed = [
        f"{kind} {sum(line['exit_code'] != 0 for line in load_runs(folder))}"
        for kind, folder in campaigns.items()
    ]
    return f"""\
Median seconds of the five load runs and their coefficient of variation; then the change of the
median against the baseline, and what was to be expected of the changed campaign:

{durations_table(seconds)}

Median CV {statistics.median(cvs):.1f} %, largest {max(cvs):.1f} %.
Failed runs: {", ".join(failed)}.

Welch's t-test on the seconds, cell by cell, with no correction for the number of cells:

- same against baseline (A/A): {naive_rule(seconds, "same", of=set(seconds))}
- changed against baseline, untouched combinations: {naive_rule(seconds, "changed", of=untouched)}
- changed against baseline, changed combinations: {naive_rule(seconds, "changed", of=changed)}

The causes as the event logs show them, baseline → changed, means of five runs, warm-up included:

{causes_table(campaigns)}
"""


def write_between_markers(readme: Path, text: str) -> None:
    """Replace what stands between the README's marker lines."""
    before, begin, rest = readme.read_text().partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not begin or not end:
        raise SystemExit(f"{readme}: the lines {MARKERS[0]} and {MARKERS[1]} have to be there")
    readme.write_text(f"{before}{begin}\n{text}{end}{after}")


def main() -> int:
    """Print the figures, or write them into the README."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--prefix", default="nightly-2026-11-23", help="start of the campaign ids")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    arguments = parser.parse_args()
    folders = {kind: HERE / "campaigns" / f"{arguments.prefix}-{kind}" for kind in KINDS}
    text = report(folders)
    if arguments.write:
        write_between_markers(HERE / "README.md", text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
