"""The few endpoints of a Kubernetes API server that Dagster's launcher uses, over real HTTP.

A Job's container command runs as a local process, with the container's environment: what its
Secrets hold is given to the server when it starts. One try a Job, as `backoffLimit: 0` asks.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from lm_assets.gateways.engines.processes import spawn

_JOBS = re.compile(r"/apis/batch/v1/namespaces/(?P<namespace>[^/]+)/jobs(?:/(?P<name>[^/]+))?")
_PODS = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(?:/(?P<name>[^/]+))?")


@dataclass
class RunningJob:
    """A Job that was made, and the process that stands for its pod."""

    body: dict[str, Any]
    process: subprocess.Popen[bytes]
    log: Path
    deleted: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def container(self) -> dict[str, Any]:
        return self.body["spec"]["template"]["spec"]["containers"][0]

    @property
    def pod_name(self) -> str:
        return f"{self.body['metadata']['name']}-pod"

    def kill(self) -> None:
        """End the pod without a goodbye, as a node does that runs out of memory."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class KubernetesApi:
    """An API server of the test's own on the loopback."""

    def __init__(self, folder: Path, *, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self.jobs: dict[str, RunningJob] = {}
        self.is_away = False
        self._folder = folder
        self._secrets = secrets
        folder.mkdir(parents=True, exist_ok=True)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for job in self.jobs.values():
            job.kill()

    @property
    def kubeconfig(self) -> Path:
        """A file that leads the official client here."""
        address = f"http://127.0.0.1:{self._server.server_port}"
        path = self._folder / "kubeconfig.json"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": address}}],
            "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        path.write_text(json.dumps(document))
        return path

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, Any] | str]:
        """Return status and document for one request."""
        if self.is_away:
            return 503, _status(503, "ServiceUnavailable", "the server is away")
        parts = urlsplit(target)
        path = parts.path.removesuffix("/status")
        if found := _JOBS.fullmatch(path):
            return self._jobs(method, found["namespace"], found["name"], body)
        if path.endswith("/log"):
            job = self._of_pod(path.split("/")[-2])
            return (200, job.log.read_text(errors="replace")) if job else _not_found(path)
        if found := _PODS.fullmatch(path):
            return self._pods(found["name"], parse_qs(parts.query))
        if path.endswith("/events"):
            return 200, {"kind": "EventList", "apiVersion": "v1", "items": [], "metadata": {}}
        return _not_found(path)

    def _jobs(
        self, method: str, namespace: str, name: str | None, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        if method == "POST":
            document = json.loads(body)
            name = document["metadata"]["name"]
            if name in self.jobs:
                return 409, _status(409, "AlreadyExists", f"job {name} exists")
            document["metadata"]["namespace"] = namespace
            self.jobs[name] = self._start(document)
            return 201, document
        kept = {n: job for n, job in self.jobs.items() if not job.deleted}
        if name is None:
            return 200, {
                "kind": "JobList",
                "apiVersion": "batch/v1",
                "metadata": {},
                "items": [_job_document(job) for job in kept.values()],
            }
        if name not in kept:
            return _not_found(name)
        if method == "DELETE":
            kept[name].deleted = True
            kept[name].kill()
            return 200, _status(200, "Success", "")
        return 200, _job_document(kept[name])

    def _pods(self, name: str | None, query: Mapping[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if name is not None:
            job = self._of_pod(name)
            return (200, _pod_document(job)) if job else _not_found(name)
        wanted = [*query.get("labelSelector", []), *query.get("fieldSelector", [])]
        found = [
            job
            for each, job in self.jobs.items()
            if not job.deleted
            and (f"job-name={each}" in wanted or f"metadata.name={job.pod_name}" in wanted)
        ]
        items = [_pod_document(job) for job in found]
        return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}

    def _of_pod(self, name: str) -> RunningJob | None:
        return next((job for job in self.jobs.values() if job.pod_name == name), None)

    def _start(self, document: dict[str, Any]) -> RunningJob:
        container = document["spec"]["template"]["spec"]["containers"][0]
        # As in the image, whose PATH begins with the folder of the programs.
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {"HOME": os.environ.get("HOME", "/")}
        for source in container.get("envFrom", []):
            environment |= self._secrets.get((source.get("secretRef") or {}).get("name", ""), {})
        for variable in container.get("env", []):
            if "value" in variable:
                environment[variable["name"]] = variable["value"]
        environment["PATH"] = programs
        log = self._folder / f"{document['metadata']['name']}.log"
        command = [*container.get("command", []), *container["args"]]
        process = spawn(command, log=log, environment=environment)
        return RunningJob(body=document, process=process, log=log)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, document = answer(self.command, self.path, body)
                is_text = isinstance(document, str)
                content = (document if is_text else json.dumps(document)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if is_text else "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def do_DELETE(self) -> None:
                self._serve()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _job_document(job: RunningJob) -> dict[str, Any]:
    code = job.process.poll()
    status: dict[str, Any] = {"startTime": _time(job.started_at)}
    if code is None:
        status["active"] = 1
    elif code == 0:
        condition = {"type": "Complete", "status": "True"}
        status |= {"succeeded": 1, "completionTime": _time(datetime.now(UTC))}
        status["conditions"] = [condition]
    else:
        reason = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
        status |= {"failed": 1, "conditions": [reason]}
    return {**job.body, "apiVersion": "batch/v1", "kind": "Job", "status": status}


def _pod_document(job: RunningJob) -> dict[str, Any]:
    code = job.process.poll()
    state: dict[str, Any] = {"running": {"startedAt": _time(job.started_at)}}
    if code is not None:
        reason = "Completed" if code == 0 else "Error"
        state = {"terminated": {"exitCode": abs(code), "reason": reason}}
    phase = {None: "Running", 0: "Succeeded"}.get(code, "Failed")
    spec = job.body["spec"]["template"]["spec"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": job.pod_name,
            "namespace": job.body["metadata"]["namespace"],
            "labels": {"job-name": job.body["metadata"]["name"]},
        },
        "spec": spec,
        "status": {
            "phase": phase,
            "containerStatuses": [
                {
                    "name": job.container["name"],
                    "image": job.container["image"],
                    "imageID": "",
                    "ready": code is None,
                    "restartCount": 0,
                    "state": state,
                }
            ],
        },
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    kind = "Success" if code < 400 else "Failure"
    return {"kind": "Status", "apiVersion": "v1", "status": kind, "code": code, "reason": reason,
            "message": message}  # fmt: skip


def _not_found(what: str) -> tuple[int, dict[str, Any]]:
    return 404, _status(404, "NotFound", f"{what} not found")
