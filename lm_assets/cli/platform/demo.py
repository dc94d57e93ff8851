"""``lm demo``: says within a second what it is about to do, then loads the platform and does it."""

import signal
from pathlib import Path

import click
from rich.console import Console

from lm_assets.cli.progress import Steps


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".lm"),
    show_default=True,
    help="Folder for everything the demo makes; `lm serve` shows what is in it.",
)
def demo(state: Path) -> None:
    """Run recorded Spark campaigns through the whole platform.

    Starts a real S3 server and a real Postgres on 127.0.0.1 and stores the past: a campaign and
    the first nights of a fortnight, from which it makes the baselines, and the nights after them.
    Two more campaigns it uploads as a load runner would, and lets the sensor start the runs that
    judge them. It prints their verdicts and the paths of the reports, and stops what it started.

    Servers of your own that the environment names (LM_*, AWS_*, DAGSTER_*) are left alone.

    The state folder is made anew each time. One that holds campaigns, baselines, configuration or
    reports that are not the demo's, or that is in use, is refused and left as it is.
    """
    # A TERM must unwind like Ctrl-C does, so that nothing that was started outlives the demo.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    steps = Steps(console)
    console.print(
        f"Recorded Spark campaigns and a fortnight of nights, through real servers on 127.0.0.1; "
        f"everything that is made is under {state}/",
        highlight=False,
        soft_wrap=True,
    )
    with steps.step("load the platform"):
        # Dagster, NumPy and SciPy are seconds of loading: nobody should wait for them in silence.
        from lm_assets.cli.platform.demo_run import DemoPlaces, run_demo  # noqa: PLC0415
    run_demo(DemoPlaces(project=Path.cwd(), state=state), console, steps)
