"""What the pages say of places in the code is where the code is."""

import re

import pytest

from lm_assets_tests.architecture.project import PACKAGE, PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
PLACE = re.compile(r"`(lm_assets(?:_tests)?/[\w/.]+)`")
# Alembic's own folders are told of in docs/storage.md, templates are no code.
INSIDE_A_ROOM = {"migrations", "event_log", "templates", "assets"}


def rooms() -> list[str]:
    """Every folder of the package with code in it, as the README writes it."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    return sorted(
        f"{folder.relative_to(PROJECT)}/"
        for folder in folders
        if not INSIDE_A_ROOM & set(folder.relative_to(PACKAGE).parts)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_place_in_the_code_that_a_page_names_exists(page):
    named = set(PLACE.findall(page.read_text(encoding="utf-8")))
    # The run tag of a machine (docs/faults.md) is written like a place and is none.
    missing = {
        n for n in named if not (PROJECT / n).exists() and not (PROJECT / f"{n}.py").exists()
    }
    assert missing - {"lm_assets/machine"} == set()


@pytest.mark.parametrize("room", rooms())
def test_each_room_has_its_line_in_the_readme(room):
    assert f"`{room}`" in README


@pytest.mark.parametrize("room", rooms())
def test_each_room_says_in_one_line_what_is_decided_there(room):
    first = (PROJECT / room / "__init__.py").read_text(encoding="utf-8").partition("\n")[0]
    assert re.fullmatch(r'""".+[.].*', first), first


def test_each_module_of_the_judgements_steps_exists():
    page = (PROJECT / "docs" / "judgement.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [a-z ,-]+ \| ((?:`[a-z/_]+`(?:, )?)+) \| ", page, re.MULTILINE)
    named = [module for row in rows for module in re.findall(r"`([a-z/_]+/[a-z/_]+)`", row)]
    assert len(named) > 12
    missing = [m for m in named if not (PACKAGE / "regression" / f"{m}.py").is_file()]
    assert missing == []
