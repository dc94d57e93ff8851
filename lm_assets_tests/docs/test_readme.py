"""The README's commands, files and targets exist."""

import re

import pytest

from lm_assets.cli.main import lm
from lm_assets_tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")


def commands_in(text: str) -> set[str]:
    return set(re.findall(r"(?:\$ |`|^|; |\|\| )lm ([a-z-]+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", sorted(commands_in(README)))
def test_each_command_that_the_readme_names_exists(name):
    assert name in lm.list_commands(None)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|\$ )make ([a-z]+)", README))))
def test_each_make_target_that_the_readme_names_exists(target):
    assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_each_file_that_the_readme_links_to_exists(link):
    assert (PROJECT / link).is_file()


@pytest.mark.parametrize("folder", sorted(set(re.findall(r"`((?:[a-z_]+/)+)`", README))))
def test_each_folder_that_the_readme_names_exists(folder):
    in_bucket = {"quarantine/", "incoming/", "raw/", "reports/", "aggregated/"}
    assert folder in in_bucket or (PROJECT / folder).is_dir()


def test_each_make_target_is_one_line_that_a_person_could_type():
    recipes = re.findall(r"^([a-z]+):.*\n((?:\t.*\n)+)", MAKEFILE, flags=re.MULTILINE)
    assert {name for name, _ in recipes} == {"demo", "serve", "test", "lint", "bench", "fuzz"}
    assert all(recipe.count("\n") == 1 for _, recipe in recipes)


@pytest.mark.parametrize("name", lm.list_commands(None))
def test_every_command_explains_itself(name):
    command = lm.get_command(None, name)
    assert command is not None
    assert command.help
