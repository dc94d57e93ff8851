"""``lm serve``: the embedded engines and Dagster, kept up until they are stopped."""

import os
import signal
import socket
import threading
from pathlib import Path

import click
from rich.console import Console

from lm_assets.cli.platform.demo_state import refuse_in_use
from lm_assets.cli.platform.followed_matrix import FollowedMatrix
from lm_assets.cli.platform.local_platform import start_engines
from lm_assets.cli.platform.observing import (
    Observed,
    observing,
    say_how_to_look,
    start_observing,
)
from lm_assets.cli.progress import Steps
from lm_assets.gateways.bucket.retention import apply_lifecycle
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import LmError

_CHECK_SECONDS = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".lm"),
    show_default=True,
    help="Folder with the engines' data; what `lm demo` left there is shown.",
)
@click.option(
    "--config",
    "config_directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the configuration, used where it lies: what you edit in it is followed.  "
    "[default: STATE/config if the demo left one, else config]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=3000,
    show_default=True,
    help="Port of the web page on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--observability",
    is_flag=True,
    help="Say how to point your own Grafana and Prometheus at what is kept up.",
)
def serve(state: Path, config_directory: Path | None, port: int, observability: bool) -> None:
    """Keep the engines up and open the Dagster UI on 127.0.0.1.

    A campaign dropped into the bucket starts a run by itself: write its files under
    `incoming/CAMPAIGN/` and an empty `incoming/CAMPAIGN/_SUCCESS` last. Your own MinIO and Postgres
    are used instead of the embedded ones when LM_S3_ENDPOINT and LM_POSTGRES_URL are set.
    The exporter listens on 9464 where that is free; the engines and Prometheus take free ports of
    127.0.0.1. All are printed. Stop with Ctrl-C.
    """
    console = Console()
    steps = Steps(console)
    _stop_at_once()
    left_by_demo = state / "config"
    chosen = config_directory or (left_by_demo if left_by_demo.is_dir() else Path("config"))
    refuse_in_use(state)
    refuse_taken_port(port)
    settings = load_configuration(chosen)  # what is wrong is said before anything is started
    state.mkdir(parents=True, exist_ok=True)
    with EmbeddedEngines(state) as engines:
        with steps.step("start the object store and Postgres"):
            is_ours = "LM_S3_ENDPOINT" not in os.environ
            shell_file = start_engines(engines, state=state, configuration=chosen)
            if is_ours:
                apply_lifecycle(S3ObjectStore.from_environment(os.environ), settings.retention)
        home = DagsterHome.prepare(state)
        with DagsterServices(home, os.environ) as services:
            with steps.step("start Dagster's daemon and web server"):
                services.start_daemon()
                address = services.start_webserver(port=port or free_port())
            with observing(state) as watching:
                with steps.step("start the exporter, and Prometheus where it is installed"):
                    observed = start_observing(watching, chosen)
                _say_where(console, address, chosen, shell_file, observed)
                if observability:
                    say_how_to_look(console, observed)
                stopped = _stop_signal()
                matrix = FollowedMatrix(chosen, lambda: services.reload_definitions(address))
                while not stopped.wait(_CHECK_SECONDS):
                    if (news := matrix.follow()) is not None:
                        console.print(news, highlight=False, soft_wrap=True, markup=False)
                    for started in (services, engines, watching):
                        started.check_alive()
            console.print("stopping …")


def refuse_taken_port(port: int) -> None:
    """Refuse a port that something else listens on, before anything is started for it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LmError(
                f"port {port} of 127.0.0.1 cannot be had ({error.strerror}): name another one "
                "with --port, 0 takes a free one"
            ) from error


def _say_where(
    console: Console, address: str, configuration: Path, shell_file: Path, observed: Observed
) -> None:
    lines = {
        "Dagster UI": address,
        "Metrics": observed.metrics,
        "Prometheus": observed.prometheus or "not installed (Debian's package: prometheus)",
        "Object store": f"{os.environ['LM_S3_ENDPOINT']}, bucket {os.environ['LM_S3_BUCKET']}",
        "Configuration": f"{configuration.resolve()}/   (lm serve --config FOLDER: another)",
        "For a shell": f"source {shell_file}   (addresses and keys for lm and S3 clients)",
    }
    console.print()
    for name, value in lines.items():
        console.print(f"{name:15}{value}", highlight=False, soft_wrap=True)
    console.print("Stop with Ctrl-C.")


def _stop_at_once() -> None:
    """Let Ctrl-C and TERM end what is being started; what is up by then is stopped in order."""

    def stop(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # once more must not cut the end short
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, stop)


def _stop_signal() -> threading.Event:
    """Return an event that Ctrl-C and TERM set, so that everything is stopped in order."""
    stopped = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stopped.set())
    return stopped
