"""Whatever happens, `lm` ends with one line on stderr, an exit code, and never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lm_assets.cli import main
from lm_assets.model.errors import UnusableInputError
from lm_assets_tests.conftest import PROJECT


class Panic(BaseException):
    """As the libraries written in Rust raise it: no Exception."""


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    @click.command()
    def breaks() -> None:
        raise error

    monkeypatch.setattr(main, "lm", breaks)
    with pytest.raises(SystemExit) as end:
        main.main([])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("error", [KeyError("S3CRET"), Panic("S3CRET"), RecursionError("S3CRET")])
def test_an_unforeseen_error_is_one_line_and_its_trace_a_file_of_ones_own(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert ended(monkeypatch, error) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    found = re.search(r"report it with (\S+)", said)
    assert found is not None
    trace = Path(found[1])
    assert (trace.stat().st_mode & 0o777) == 0o600
    assert "in breaks" in trace.read_text()
    assert "S3CRET" not in said + trace.read_text()
    trace.unlink()


def test_what_the_system_refuses_is_said_with_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(main, "_leave_output", lambda: None)
    assert ended(monkeypatch, PermissionError(13, "Permission denied", "/ro/state")) == 1
    said = capsys.readouterr().err
    assert said == "lm: the system said 'Permission denied': /ro/state; mend that and try again\n"


def test_a_full_disk_behind_the_output_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("a full disk: this system has no /dev/full")
    program = "from lm_assets.cli.main import main; main(['--help'])"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"]},
            cwd=PROJECT,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "lm: the system said 'No space left on device'; mend that and try again\n"


def test_a_state_folder_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(main, "_leave_output", lambda: None)
    # Where nobody can make a folder, root included.
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        main.main(["serve", "--state", str(tmp_path / "file" / "state"), "--port", "0"])
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "the system said 'Not a directory'" in said
    assert str(tmp_path / "file") in said
    assert "Traceback" not in said


def test_an_odd_file_in_the_state_folder_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "engines.json").write_text('{"processes": {"s3": 7}}')
    with pytest.raises(SystemExit) as end:
        main.main(["serve", "--state", str(tmp_path), "--port", "0"])
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "engines.json is not what a start wrote" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["--version", "judge"])
def test_a_standard_stream_that_is_closed_is_no_defect(closed: str, arguments: str, tmp_path: Path):
    program = f"{sys.executable} -c 'from lm_assets.cli.main import main; main()'"
    ended = subprocess.run(
        ["sh", "-c", f"{program} {arguments} {closed}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)},
    )
    assert ended.returncode == (0 if arguments == "--version" else 1)
    assert list(tmp_path.iterdir()) == [], "a trace of something that nobody foresaw"


def test_what_an_error_quotes_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    ended(monkeypatch, UnusableInputError("wrong_type", "9" * 100_000))
    assert len(capsys.readouterr().err) < 5_000
