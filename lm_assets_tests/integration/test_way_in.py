"""What a load runner delivers, on real servers: never a pass by being lost, always a verdict."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lm_assets.gateways.bucket.object_keys import REPORT_NAMES
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.verdict import Verdict
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.ended import end_for_certain
from lm_assets_tests.integration.in_process_platform import InProcessPlatform
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

README = (PROJECT / "README.md").read_text(encoding="utf-8")
CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
FOUR = tuple(
    f"3.5.0_connect_kubernetes_none_{name}_1gb" for name in ("read", "join", "window", "write")
)
STEADY = (10.0, 10.1, 9.9, 10.05, 9.95)


@pytest.fixture
def platform(
    service_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> InProcessPlatform:
    config = shutil.copytree(PROJECT / "config", tmp_path / "config")
    for name, value in {**service_environment, "LM_CONFIG_DIR": str(config)}.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
    made = InProcessPlatform.of_environment()
    made.accept(*FOUR, duration_s=STEADY)
    return made


def naive(combination: str, run: int) -> str:
    line = json.loads(result_line(combination, run, 10.0))
    return json.dumps({**line, "start_time": "2026-11-22T01:00:00"})


def reports(platform: InProcessPlatform) -> dict[str, bytes]:
    return {name: platform.bucket.report(CAMPAIGN, name) for name in REPORT_NAMES}


@pytest.mark.parametrize("has_manifest", [False, True])
def test_a_refused_file_and_a_missing_run_are_no_pass(platform, has_manifest):
    lines = {FOUR[2]: [naive(FOUR[2], run) for run in range(1, 6)]}
    durations = {FOUR[0]: STEADY, FOUR[1]: STEADY[:1], FOUR[2]: ()}
    land(platform.bucket.store, CAMPAIGN, durations, extra_lines=lines)
    if not has_manifest:
        platform.bucket.store.delete(f"incoming/{CAMPAIGN}/manifest.json")

    assert platform.run(CAMPAIGN).success

    verdict = platform.verdict(CAMPAIGN)
    said = {c.combination: c.verdict for c in verdict.cells if c.metric == "duration_s"}
    assert verdict.exit_code == 4
    assert said[FOUR[2]] is Verdict.DATA_FAULT
    assert said[FOUR[0]] is Verdict.UNCHANGED
    if has_manifest:
        assert said[FOUR[1]] is Verdict.INSUFFICIENT_DATA
        assert b"runs each 1 to 5 (5 promised)" in reports(platform)["executive.md"]
    else:
        assert said[FOUR[3]] is Verdict.NOT_RUN
    assert b"must say its time zone" in reports(platform)["executive.md"]


@pytest.mark.parametrize(
    ("manifest", "lines", "reason"),
    [
        pytest.param(b"{", (), b"manifest.json was refused: not_json", id="unreadable manifest"),
        pytest.param(None, ('{"a"',), b"no load run was accepted", id="all quarantined"),
    ],
)
def test_an_unfit_campaign_has_a_verdict_four_reports_and_a_red_check(
    platform, manifest, lines, reason
):
    durations = {FOUR[0]: () if lines else STEADY}
    land(platform.bucket.store, CAMPAIGN, durations, extra_lines={FOUR[0]: lines})
    if manifest is not None:
        platform.bucket.store.write(f"incoming/{CAMPAIGN}/manifest.json", manifest)

    result = platform.run(CAMPAIGN)

    assert result.success
    verdict = platform.verdict(CAMPAIGN)
    assert (verdict.verdict, verdict.exit_code) == (Verdict.DATA_FAULT, 4)
    made = reports(platform)
    assert reason in made["executive.md"].replace(b"\\", b"")
    assert reason in made["raw.jsonl"]
    assert made["detailed.pdf"].startswith(b"%PDF")
    assert b"DATA FAULT" in made["technical.html"] or b"data fault" in made["technical.html"]
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "fit_to_judge"]
    assert not check.passed
    assert reason.decode() in (check.description or "")


def lm(*arguments: object) -> tuple[int, str]:
    """Run a command as a shell does: its exit code, and what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", "from lm_assets.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    return ended.returncode, ended.stdout + ended.stderr


def results_of(folder: Path, durations: Sequence[float]) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [
        result_line(FOUR[0], run, d, rows_read=None) for run, d in enumerate(durations, start=1)
    ]
    (folder / "results.jsonl").write_text("\n".join(lines))
    return folder


class ReadmeScript:
    """The README's script for continuous integration, run as it stands there by a shell."""

    def __init__(self, platform: InProcessPlatform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder
        assert platform.configuration == folder / "config"
        self.text = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)[0]

    def started(self, campaign: str, *, wait: str) -> "subprocess.Popen[str]":
        given = {"CAMPAIGN": campaign, "COMMIT": "1a2b3c4", "WAIT": wait}
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return subprocess.Popen(
            ["sh", "-e", "-c", self.text],
            cwd=self.folder,
            env={**os.environ, **given, "PATH": path, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ends(self, campaign: str, *, judged: bool = True, wait: str = "5m") -> tuple[int, str]:
        """Return how it ended and what it printed; the campaign is judged once it has landed."""
        script = self.started(campaign, wait=wait)
        try:
            while judged and script.poll() is None and not self._landed(campaign):
                time.sleep(0.1)
            if judged:
                assert self.platform.run(campaign).success
            text, _ = script.communicate(timeout=300)
        finally:
            end_for_certain(script)
        return script.returncode, text

    def _landed(self, campaign: str) -> bool:
        return any(item.key.endswith("/_SUCCESS") for item in self.platform.bucket.landed(campaign))


@pytest.mark.timeout(600)
def test_the_readmes_five_lines_end_0_2_3_4_and_5_in_the_five_situations(platform, tmp_path):
    script = ReadmeScript(platform, tmp_path)
    written = tmp_path / "reports"

    results_of(tmp_path / "results", STEADY)
    code, text = script.ends("ci-never-judged", judged=False, wait="1s")
    assert (code, "is not judged yet: 3 objects landed" in text) == (5, True)
    assert not written.exists()

    code, text = script.ends("ci-same")
    assert (code, "UNCHANGED" in text) == (0, True)
    assert set(REPORT_NAMES) <= {path.name for path in written.rglob("*")}

    results_of(tmp_path / "results", [3.0 * value for value in STEADY])
    code, text = script.ends("ci-slow")
    assert (code, "REGRESSED" in text) == (2, True)

    results_of(tmp_path / "results", STEADY[:2])
    code, text = script.ends("ci-few")
    assert (code, "fewer than the 5 runs that were promised" in text) == (3, True)

    (tmp_path / "results" / "results.jsonl").write_text(naive(FOUR[0], 1))
    code, text = script.ends("ci-bad", judged=False)
    assert (code, "nothing was delivered" in text) == (4, True)


@pytest.mark.timeout(600)
def test_a_delivery_with_faults_and_its_repair_are_each_judged_as_what_they_are(platform, tmp_path):
    config = platform.configuration
    refused = tmp_path / "refused"
    refused.mkdir()
    (refused / "results.jsonl").write_text(naive(FOUR[0], 1))
    sound = results_of(tmp_path / "sound", STEADY)

    def submitted(folder: Path, *more: str) -> tuple[int, str]:
        return lm("submit", folder, "--campaign", "ci-bad", "--config", config, *more)

    assert submitted(refused, "--force")[0] == 0
    document = json.loads(lm("gate", "--campaign", "ci-bad", "--json")[1].splitlines()[0])
    assert document["state"] == "waiting"
    assert platform.run("ci-bad").success
    code, text = lm("gate", "--campaign", "ci-bad")
    assert (code, "quarantined: 1 × time" in text) == (4, True)

    # The repair is delivered under the same id: until it is judged, nothing of the old counts.
    code, text = submitted(sound, "--runs", "5")
    assert (code, "--replace" in text) == (1, True)
    assert submitted(sound, "--runs", "5", "--replace")[0] == 0
    assert lm("gate", "--campaign", "ci-bad")[0] == 5
    assert platform.run("ci-bad").success
    assert lm("gate", "--campaign", "ci-bad")[0] == 0
