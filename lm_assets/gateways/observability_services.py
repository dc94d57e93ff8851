"""The exporter, and a Prometheus where one is installed, as child processes of a command."""

import contextlib
import json
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import requests
import yaml

from lm_assets.gateways.dagster_services import ServiceStartError, installed_script
from lm_assets.gateways.engines.processes import free_port, spawn, tail, undisturbed

_HOST = "127.0.0.1"
_READY_TIMEOUT_S = 60.0
_STOP_GRACE_S = 5.0
_POLL_S = 0.1
RETENTION = "30d"


class ObservabilityServices:
    """Starts and stops the exporter and Prometheus, on 127.0.0.1 only.

    Parameters
    ----------
    state : Path
        Logs go to ``logs/``, Prometheus' configuration and data to ``prometheus/``.
    rules : Path
        Folder of the project's alert rules and Prometheus configuration.
    environment : mapping
        The whole environment of both.
    """

    def __init__(self, state: Path, *, rules: Path, environment: Mapping[str, str]) -> None:
        self._state = state.resolve()
        self._rules = rules.resolve()
        self._environment = dict(environment)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._exporter = ""
        self._prometheus = ""
        self._interval_s = 0

    def __enter__(self) -> "ObservabilityServices":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_exporter(self, *, port: int = 0) -> str:
        """Start the exporter, wait until it answers, and return the address of its metrics."""
        self._exporter = f"{_HOST}:{port or free_port()}"
        command = [installed_script("lm"), "exporter", "--listen", self._exporter]
        self._start("exporter", command, f"http://{self._exporter}/-/healthy")
        return f"http://{self._exporter}/metrics"

    def start_prometheus(self, recording_rules: str, *, interval_s: int = 10) -> str | None:
        """Start a Prometheus over the exporter and return its address; None where there is none.

        Parameters
        ----------
        recording_rules : str
            The rule file of this configuration, as ``lm exporter rules`` prints it.
        interval_s : int
            How often it scrapes and evaluates, in seconds.
        """
        program = shutil.which("prometheus")
        if program is None:
            return None
        listen = f"{_HOST}:{free_port()}"
        folder = self._state / "prometheus"
        self._write(folder, recording_rules, listen=listen, interval=f"{interval_s}s")
        self._interval_s = interval_s
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={listen}",
        ]
        self._prometheus = f"http://{listen}"
        self._start("prometheus", command, f"{self._prometheus}/-/ready")
        return self._prometheus

    def holding_alerts(self) -> dict[str, int]:
        """Return by name how many alerts hold now, once the exporter's state was evaluated.

        Their ``for`` is not waited out: an alert that holds is pending, or fires already.
        """
        self._wait("prometheus", self._has_evaluated)
        # The groups of rules are evaluated in turns: the alerts have had theirs after one more.
        time.sleep(2 * self._interval_s)
        found = requests.get(f"{self._prometheus}/api/v1/alerts", timeout=10).json()
        return dict(Counter(a["labels"]["alertname"] for a in found["data"]["alerts"]))

    def check_alive(self) -> None:
        """Raise when a started process has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise ServiceStartError(
                    f"{name} ended with exit code {process.returncode}; {tail(self._log(name))}"
                )

    def stop(self) -> None:
        """Stop what was started: TERM, five seconds, KILL."""
        with undisturbed():
            self._stop()

    def _stop(self) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _start(self, name: str, command: list[str], address: str) -> None:
        self._log(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._processes[name] = spawn(
            command, log=self._log(name), environment=self._environment, folder=self._state
        )
        self._wait(name, lambda: requests.get(address, timeout=2).ok)

    def _wait(self, name: str, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while time.monotonic() < deadline:
            self.check_alive()
            with contextlib.suppress(requests.RequestException):
                if is_so():
                    return
            time.sleep(_POLL_S)
        raise ServiceStartError(
            f"{name} did not answer within {_READY_TIMEOUT_S:.0f} s; {tail(self._log(name))}"
        )

    def _has_evaluated(self) -> bool:
        """Whether a recorded series is there: the rules have seen the exporter."""
        query = {"query": "count(stage:lm_campaign_age_seconds:max) or lm_warehouse_up == 0"}
        answer = requests.get(f"{self._prometheus}/api/v1/query", params=query, timeout=10)
        return bool(answer.json()["data"]["result"])

    def _write(self, folder: Path, recording_rules: str, *, listen: str, interval: str) -> None:
        content = yaml.safe_load((self._rules / "prometheus.yml").read_text(encoding="utf-8"))
        content["global"].update(
            scrape_interval=interval, scrape_timeout=interval, evaluation_interval=interval
        )
        for job, target in zip(content["scrape_configs"], (self._exporter, listen), strict=True):
            job["static_configs"] = [{"targets": [target]}]
        del content["alerting"]
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        (folder / "rules" / "recording.yml").write_text(recording_rules, encoding="utf-8")
        shutil.copyfile(self._rules / "rules" / "alerts.yml", folder / "rules" / "alerts.yml")
        (folder / "prometheus.yml").write_text(json.dumps(content), encoding="utf-8")

    def _log(self, name: str) -> Path:
        return self._state / "logs" / f"{name}.log"
