"""The build's own step: a wheel carries the default configuration, Dagster's files, the rules."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROJECT = Path(__file__).parent


class BuildWithConfiguration(build_py):
    """Copies what a checkout has beside the package to ``lm_assets/shipped/``."""

    def run(self) -> None:
        """Build the package, and put beside it what a checkout has."""
        super().run()
        if self.editable_mode:
            return  # a checkout has them beside the package
        shipped = Path(self.build_lib) / "lm_assets" / "shipped"
        for name in ("config", "prometheus"):
            shutil.copytree(PROJECT / name, shipped / name, dirs_exist_ok=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copyfile(PROJECT / name, shipped / name)
        (shipped / "deploy").mkdir(exist_ok=True)
        shutil.copyfile(PROJECT / "deploy" / ".env.example", shipped / "deploy" / ".env.example")


setup(cmdclass={"build_py": BuildWithConfiguration})
