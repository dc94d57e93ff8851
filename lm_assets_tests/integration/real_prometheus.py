"""A real Prometheus on a history that was written by hand."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets_tests.fakes.cluster_exposition import Exposition
from lm_assets_tests.integration.ended import end_for_certain


def back_filled(told: Exposition, folder: Path) -> Path:
    """Return a history as blocks of Prometheus' own."""
    absent = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    if absent:
        pytest.skip(f"no {' and no '.join(absent)}: install the package prometheus")
    exposition, data = folder / "cluster.om", folder / "data"
    exposition.write_text(told.text())
    backfill = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=168h"]
    subprocess.run([*backfill, "openmetrics", exposition, data, "-q"], check=True, timeout=60)
    return data


@contextmanager
def real_prometheus(folder: Path, blocks: Path, *, settings: str = "{}\n") -> Iterator[Prometheus]:
    """A client of a real Prometheus on a copy of the blocks."""
    with serving_prometheus(folder, blocks, settings=settings) as url:
        prometheus = Prometheus(url)
        yield prometheus
        prometheus.close()


@contextmanager
def serving_prometheus(folder: Path, blocks: Path, *, settings: str = "{}\n") -> Iterator[str]:
    """The address of a real Prometheus on a copy of the blocks."""
    shutil.copytree(blocks, folder / "data")
    (folder / "prometheus.yml").write_text(settings)
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "output.txt").open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
        try:
            _await_ready(f"http://127.0.0.1:{port}", process, folder / "output.txt")
            yield f"http://127.0.0.1:{port}"
        finally:
            end_for_certain(process)


def _await_ready(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/-/ready"):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail(f"Prometheus does not get ready:\n{output.read_text()[-3_000:]}")
