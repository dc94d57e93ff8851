"""The workflow files of docs/ci.md, their shell steps run with the real ``lm`` on real servers."""

import json
import re
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
import yaml
from jsonschema import Draft7Validator

from lm_assets.collect.landing.delivery import delivery_digest
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.builders import COMBINATION, a_cell, a_verdict
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes import ci_commands
from lm_assets_tests.integration.result_files import result_line
from lm_assets_tests.reports.gate.materials import of_cell, unchanged

PAGE = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
EXPRESSION = re.compile(r"\$\{\{ ([^}]+) \}\}")


def block(name: str) -> str:
    found = re.search(
        rf"<!-- workflow:{name} -->\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert found, name
    return found[1]


def schema(name: str) -> Draft7Validator:
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return Draft7Validator(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))


@dataclass
class Job:
    """One run of a workflow's job: a folder of its own, and what became of its steps."""

    folder: Path
    environment: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    printed: str = ""

    def run(self, name: str, script: str, shell: list[str], more: Mapping[str, str] = {}) -> int:
        """Run one step and return how it ended."""
        given = {**self.environment, **more}
        ended = subprocess.run(
            [*shell, script],
            cwd=self.folder / "work",
            env=given,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
        self.printed += ended.stdout + ended.stderr
        self.codes[name] = ended.returncode
        return ended.returncode

    def document(self, name: str) -> str:
        return (self.folder / "work" / name).read_text(encoding="utf-8")


@pytest.fixture
def bucket(service_environment: dict[str, str]) -> CampaignBucket:
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
    return CampaignBucket(S3ObjectStore.from_environment(service_environment))


@pytest.fixture
def job(service_environment: dict[str, str], tmp_path: Path) -> Job:
    """A checkout with the shipped configuration and a load test that writes one file."""
    ci_commands.write_commands(tmp_path / "commands")
    work = tmp_path / "work"
    work.mkdir()
    (work / "config").symlink_to(PROJECT / "config")
    load_test = work / "run-load-test"
    lines = "\n".join(result_line(COMBINATION, run, 10.0 + run / 10) for run in range(1, 6))
    file = f"results/{COMBINATION}/results.jsonl"
    load_test.write_text(
        f"#!/bin/sh\nmkdir -p results/{COMBINATION}\ncat > {file} <<'END'\n{lines}\nEND\n"
    )
    load_test.chmod(0o755)
    given = {
        **{k: v for k, v in service_environment.items() if k.startswith(("LM_S3", "AWS_"))},
        "LM_POSTGRES_URL": service_environment["LM_POSTGRES_URL"],
        "LM_REPORTS_URL": "https://reports.example",
        "PYTHONPATH": str(PROJECT),
    }
    return Job(folder=tmp_path, environment=ci_commands.environment_of(tmp_path, given))


@contextmanager
def a_platform(bucket: CampaignBucket, campaign: str, *, is_regressed: bool) -> Iterator[None]:
    """Judge a campaign once it has landed, as the platform would, while the block runs."""
    is_over = threading.Event()

    def judge() -> None:
        success = object_keys.success_key(campaign)
        while not bucket.store.exists(success):
            if is_over.wait(0.2):
                return
        cells = [a_cell() if is_regressed else unchanged(), unchanged(combination="other")]
        findings = tuple(of_cell(cell) for cell in cells[:1]) if is_regressed else ()
        digest = delivery_digest(bucket.landed(campaign))
        verdict = a_verdict(
            cells, campaign=campaign, stage="ci", findings=findings, delivery_digest=digest
        )
        bucket.write_verdict_rows(campaign, verdict_rows(verdict))
        for name in object_keys.REPORT_NAMES:
            bucket.write_report(campaign, name, b"-", "text/plain")

    thread = threading.Thread(target=judge)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def acknowledge(service_environment: Mapping[str, str]) -> None:
    """Write the alert of the regressed cell as somebody left it."""
    with psycopg.connect(service_environment["LM_POSTGRES_URL"]) as connection:
        connection.execute(
            """INSERT INTO alerts (alert_id, fingerprint, stage, kind, metric, metrics, located_in,
            combinations, verdict, state, change_unit, cells, message, first_campaign,
            last_campaign, opened_at, last_seen_at, clean_campaigns, reopened_count,
            acknowledged_by, acknowledged_at, acknowledged_until, reason)
            VALUES ('a1', '0123456789abcdef', 'ci', 'cell', 'duration_s', '{duration_s}', '{}',
            %s, 'regressed', 'acknowledged', 'relative', 1, 'x', 'c', 'c', now(), now(), 0, 0,
            'jo', now(), now() + interval '7 days', 'a fix is on its way')""",
            [[COMBINATION]],
        )


class TestGithub:
    STEPS = yaml.safe_load(block("github"))["jobs"]["gate"]["steps"]
    JOB = yaml.safe_load(block("github"))["jobs"]["gate"]

    def run(self, job: Job, *, attempt: int, wait: str = "60s") -> int:
        """Run every step as the runner does: until one fails; return how the job ended."""
        for name in ("output", "summary"):
            (job.folder / f"{name}-{attempt}").write_text("")
        values = {
            "github.event.pull_request.number": "7",
            "github.event.pull_request.head.sha": "1a2b3c4d5e6f",
            "github.run_id": "345",
            "github.run_attempt": str(attempt),
            "github.token": "a-token",
        }
        for name in ("LM_S3_ENDPOINT", "LM_S3_BUCKET", "LM_REPORTS_URL"):
            values[f"vars.{name}"] = job.environment[name]
        for name in ("LM_POSTGRES_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            values[f"secrets.{name}"] = job.environment[name]
        given = {
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_OUTPUT": str(job.folder / f"output-{attempt}"),
            "GITHUB_STEP_SUMMARY": str(job.folder / f"summary-{attempt}"),
            **self.filled(self.JOB["env"], values),
            "LM_WAIT": wait,
        }
        for step in self.STEPS:
            if "run" not in step:
                continue
            assert "${{" not in step["run"], step["name"]
            own = {**given, **self.filled(step.get("env", {}), values)}
            code = job.run(step["name"], step["run"], ["bash", "-e", "-c"], own)
            if code != 0:
                return code
            written = (job.folder / f"output-{attempt}").read_text()
            for line in written.splitlines():
                name, _, value = line.partition("=")
                values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return 0

    @staticmethod
    def filled(given: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
        return {k: EXPRESSION.sub(lambda found: values[found[1]], v) for k, v in given.items()}

    @pytest.mark.integration
    def test_a_pull_request_is_told_of_a_loss_its_acknowledgement_its_repair_and_no_verdict(
        self, job, bucket, service_environment
    ):
        with a_platform(bucket, "ci-7-345-1", is_regressed=True):
            assert self.run(job, attempt=1) == 2, job.printed
        (comment,) = ci_commands.comments(job.folder)
        assert comment.startswith("<!-- lm-assets gate: stage=ci matrix=")
        assert "### ▲ Regressed" in comment
        assert "https://reports.example/ci-7-345-1/technical.html" in comment
        assert "::error title=ci-7-345-1%3A regressed::" in job.printed
        assert (job.folder / "summary-1").read_text() == comment
        assert json.loads(job.document("lm.sarif"))["runs"][0]["results"]

        acknowledge(service_environment)
        with a_platform(bucket, "ci-7-345-2", is_regressed=True):
            assert self.run(job, attempt=2) == 0, job.printed
        (comment,) = ci_commands.comments(job.folder)
        assert "### ✓ Nothing new" in comment
        assert "acknowledged by jo" in comment

        with a_platform(bucket, "ci-7-345-3", is_regressed=False):
            assert self.run(job, attempt=3) == 0, job.printed
        (comment,) = ci_commands.comments(job.folder)
        assert "### ✓ All clear" in comment

        assert self.run(job, attempt=4, wait="1s") == 5, job.printed
        (comment,) = ci_commands.comments(job.folder)
        assert "no pass" in comment
        assert "All clear" not in comment
        assert bucket.manifest("ci-7-345-4") is not None

    @pytest.mark.integration
    def test_a_pull_request_that_is_well_gets_no_comment_run_again_or_not(self, job, bucket):
        for attempt in (1, 2):
            with a_platform(bucket, f"ci-7-345-{attempt}", is_regressed=False):
                assert self.run(job, attempt=attempt) == 0, job.printed
            assert ci_commands.comments(job.folder) == []

    def test_the_file_is_one_that_github_takes(self):
        document = yaml.safe_load(block("github"))
        # YAML 1.1 reads the key `on` as true; GitHub does not.
        document = {"on" if key is True else key: value for key, value in document.items()}
        assert [error.message for error in schema("github-workflows").iter_errors(document)] == []

    def test_a_fork_gets_neither_secrets_nor_rights(self):
        document = yaml.safe_load(block("github"))
        assert list(document[True]) == ["pull_request"]
        assert document["permissions"] == {"contents": "read"}
        assert "head.repo.full_name == github.repository" in self.JOB["if"]
        assert self.JOB["steps"][0]["with"]["persist-credentials"] is False


class TestGitlab:
    JOB = yaml.safe_load(block("gitlab"))["load-test-gate"]

    @pytest.mark.integration
    def test_a_merge_request_ends_as_the_gate_does_and_has_its_reports(self, job, bucket):
        script = "set -eo pipefail\n" + "\n".join(self.JOB["script"])
        given = {"LM_CAMPAIGN": "ci-7-345-1", "LM_WAIT": "60s", "CI_COMMIT_SHA": "1a2b3c4d"}
        with a_platform(bucket, "ci-7-345-1", is_regressed=True):
            assert job.run("script", script, ["bash", "-c"], given) == 2, job.printed
        assert "REGRESSED" in job.printed
        ET.fromstring(job.document("junit.xml"))
        (issue,) = json.loads(job.document("gl-code-quality.json"))
        assert issue["severity"] == "critical"
        assert 'lm_gate_exit_code{stage="ci"} 2' in job.document("metrics.txt")
        named = set(self.JOB["artifacts"]["reports"].values())
        assert named == set(self.JOB["artifacts"]["paths"])

    def test_the_campaigns_id_is_one_that_the_bucket_takes(self):
        values = {"CI_MERGE_REQUEST_IID": "7", "CI_PIPELINE_ID": "345", "CI_JOB_ID": "9"}
        template = self.JOB["variables"]["LM_CAMPAIGN"]
        assert re.sub(r"\$(\w+)", lambda found: values[found[1]], template) == "ci-7-345-9"

    def test_the_file_is_one_that_gitlab_takes(self):
        document = yaml.safe_load(block("gitlab"))
        assert [error.message for error in schema("gitlab-ci").iter_errors(document)] == []

    def test_a_fork_runs_nothing_and_an_undecided_gate_warns(self):
        assert "CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in self.JOB["rules"][0]["if"]
        assert self.JOB["allow_failure"] == {"exit_codes": [3]}


class TestJenkins:
    SCRIPTS = re.findall(r"'''\n(.*?)'''", block("jenkins"), re.DOTALL)

    @pytest.mark.integration
    def test_a_change_ends_as_the_gate_does_and_has_its_reports(self, job, bucket):
        given = {
            "LM_WAIT": "60s",
            "GIT_COMMIT": "1a2b3c4d",
            "LM_CAMPAIGN": "ci-7-345",
            "AWS_USR": job.environment.pop("AWS_ACCESS_KEY_ID"),
            "AWS_PSW": job.environment.pop("AWS_SECRET_ACCESS_KEY"),
        }
        install, deliver, gate = self.SCRIPTS
        with a_platform(bucket, "ci-7-345", is_regressed=True):
            for name, script in (("install", install), ("deliver", deliver)):
                assert job.run(name, script, ["sh", "-xe", "-c"], given) == 0, job.printed
            assert job.run("gate", gate.replace("\\\\\n", "\\\n"), ["sh", "-xe", "-c"], given) == 2
        for name in ("junit.xml", "lm.sarif", "comment.md"):
            assert name in block("jenkins").partition("post {")[2]
            assert job.document(name)

    def test_groovy_puts_nothing_into_a_script(self):
        assert '"""' not in block("jenkins")
        assert not re.search(r'\bsh "', block("jenkins"))
        assert len(self.SCRIPTS) == 3
