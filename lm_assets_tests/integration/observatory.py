"""The real exporter, Prometheus and Alertmanager over one warehouse, sixty times as fast.

The shipped rules and configuration are used, with every minute a second; thresholds stay.
"""

import copy
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
import yaml

from lm_assets.gateways.engines.processes import free_port, spawn
from lm_assets_tests.integration.ended import end_for_certain

PROJECT = Path(__file__).parents[2]
SHIPPED = PROJECT / "prometheus"
# Generous: the machine may do ten other things.
PATIENCE_S = 90.0
_DURATION = re.compile(r"\b(\d+)m\b")
Alert = dict[str, str]


def wait_until(
    is_so: Callable[[], object], what: str, *, process: subprocess.Popen[bytes] | None = None
) -> float:
    """Wait until something is so, and return how long that took."""
    begun = time.monotonic()
    while True:
        with suppress(requests.RequestException):
            if is_so():
                return time.monotonic() - begun
        assert process is None or process.poll() is None, f"{what}: the process has ended"
        assert time.monotonic() - begun < PATIENCE_S, f"{what}: not within {PATIENCE_S:.0f} s"
        time.sleep(0.1)


def sixty_times_as_fast(text: str) -> str:
    """Return rules whose minutes are seconds."""
    return _DURATION.sub(r"\1s", text)


class Observatory:
    """Starts and stops each of the three by its name; all of them end with the ``with`` block."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str], webhook: str) -> None:
        self._folder = folder
        self._environment = {"PATH": "/usr/bin:/bin", "LM_CONFIG_DIR": "config", **environment}
        self.exporter, self.prometheus, self.alertmanager = (free_port() for _ in range(3))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._write_prometheus()
        self._write_alertmanager(webhook)

    def __enter__(self) -> "Observatory":
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._processes):
            self.stop(name, signal.SIGKILL)

    def start(self, name: str) -> None:
        """Start the exporter, Prometheus or Alertmanager, and wait until it answers."""
        port = getattr(self, name)
        process = spawn(
            self._command(name),
            log=self._folder / f"{name}.log",
            environment=self._environment,
            death_signal="KILL",
            folder=PROJECT,
        )
        self._processes[name] = process
        address = f"http://127.0.0.1:{port}/-/ready"
        wait_until(lambda: requests.get(address, timeout=5).ok, name, process=process)

    def stop(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        end_for_certain(self._processes.pop(name), first=number)

    def asked(self, query: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers to a query now."""
        answer = requests.get(
            f"http://127.0.0.1:{self.prometheus}/api/v1/query", params={"query": query}, timeout=30
        )
        assert answer.ok, answer.text
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def firing(self) -> list[Alert]:
        """Return the labels of every alert that fires."""
        address = f"http://127.0.0.1:{self.prometheus}/api/v1/alerts"
        found = requests.get(address, timeout=30).json()["data"]["alerts"]
        return [alert["labels"] for alert in found if alert["state"] == "firing"]

    def fires(self, name: str, **labels: str) -> bool:
        wanted = {"alertname": name, **labels}.items()
        return any(wanted <= alert.items() for alert in self.firing())

    def _command(self, name: str) -> list[str | Path]:
        if name == "exporter":
            lm = Path(sys.executable).with_name("lm")
            return [lm, "exporter", "--listen", f"127.0.0.1:{self.exporter}"]
        data, listen = (
            self._folder / f"{name}-data",
            f"--web.listen-address=127.0.0.1:{getattr(self, name)}",
        )
        if name == "prometheus":
            return [
                "/usr/bin/prometheus",
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={data}",
                "--storage.tsdb.retention.time=30d",
                "--query.lookback-delta=5s",
                listen,
            ]
        return [
            "/usr/bin/prometheus-alertmanager",
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={data}",
            "--cluster.listen-address=",
            listen,
        ]

    def _write_prometheus(self) -> None:
        content = yaml.safe_load((SHIPPED / "prometheus.yml").read_text(encoding="utf-8"))
        content["global"] = dict.fromkeys(
            ("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s"
        )
        content["scrape_configs"][0]["static_configs"][0]["targets"] = [
            f"127.0.0.1:{self.exporter}"
        ]
        content["scrape_configs"][1]["static_configs"][0]["targets"] = [
            f"127.0.0.1:{self.prometheus}"
        ]
        content["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [
            f"127.0.0.1:{self.alertmanager}"
        ]
        (self._folder / "rules").mkdir(parents=True)
        for file in content["rule_files"]:
            text = (SHIPPED / file).read_text(encoding="utf-8")
            (self._folder / file).write_text(sixty_times_as_fast(text), encoding="utf-8")
        (self._folder / "prometheus.yml").write_text(json.dumps(content), encoding="utf-8")

    def _write_alertmanager(self, webhook: str) -> None:
        content = copy.deepcopy(
            yaml.safe_load((SHIPPED / "alertmanager.yml").read_text(encoding="utf-8"))
        )
        route = content["route"]
        route.update(
            group_wait="1s", group_interval="2s", group_by=["alertname", "stage", "alert_id"]
        )
        for inner in route["routes"]:
            inner.pop("group_wait", None)
            if "LmRegression" in inner["matchers"][0]:
                inner["receiver"] = "people"
        people = next(r for r in content["receivers"] if r["name"] == "people")
        del people["slack_configs"]
        people["webhook_configs"] = [{"url": f"{webhook}/alerts", "send_resolved": True}]
        (self._folder / "alertmanager.yml").write_text(json.dumps(content), encoding="utf-8")
