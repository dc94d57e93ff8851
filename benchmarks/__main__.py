"""Runs every benchmark, one after the other, each in a process of its own.

    python -m benchmarks            all of them
    python -m benchmarks judge      those whose name begins with this
    python -m benchmarks stats_trend --quick      what follows the name goes to them

Each prints its own figures beside a floor or a rival measured in the same run: ratios carry over
to another machine, seconds do not. One that cannot run here (a server that is not installed) ends
with its own message, and the others go on; the exit code is 1 when any failed.
"""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
# Not figures: the one makes the table of thresholds that lm_assets/stats is built with, the other
# the campaigns that benchmarks of the whole platform share.
LEFT_OUT = {"__main__", "stats_thresholds", "simulated_campaign"}


def main() -> int:
    prefix = sys.argv[1] if len(sys.argv) > 1 else ""
    names = sorted(p.stem for p in HERE.glob("*.py") if p.stem not in LEFT_OUT)
    chosen = [name for name in names if name.startswith(prefix)]
    if not chosen:
        print(f"no benchmark begins with {prefix!r}; there are {', '.join(names)}", file=sys.stderr)
        return 1
    failed = []
    for name in chosen:
        print(f"\n=== {name}", flush=True)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *sys.argv[2:]],
            cwd=HERE.parent,
            check=False,
        )
        print(f"--- {name}: {time.monotonic() - begun:.0f} s", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
