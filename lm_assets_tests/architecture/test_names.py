"""Names and sizes of files, classes and functions: see docs/naming.md."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lm_assets_tests.architecture.project import PACKAGE, PROJECT, modules, requirements

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 45

# Nothing in such a file has a reason to be there rather than elsewhere.
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "lib", "shared", "tools", "base"}
LIBRARIES = {
    *(
        "dagster",
        "numpy",
        "scipy",
        "pandas",
        "yaml",
        "msgspec",
        "boto3",
        "botocore",
        "obstore",
        "requests",
    ),
    *("psycopg", "sqlalchemy", "alembic", "jinja2", "click", "rich", "weasyprint", "pypdf"),
    *("cramjam", "zstandard", "pytest", "hypothesis", "pyspark", "prometheus_client"),
}
# Words of the field that Python's own modules have too: how Spark compresses an event log, other
# people's servers, the running platform. All are imported by their full name, so none is shadowed.
SHARED_WORDS = {"codecs", "http", "platform"}
FILES = [*modules(), *sorted((PROJECT / "lm_assets_tests").rglob("*.py"))]


def folders_and_modules() -> Iterator[str]:
    for path in PACKAGE.rglob("*"):
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py"))):
            yield path.stem


def classes(path: Path) -> Iterator[ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def where(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_no_module_shadows_a_library() -> None:
    names = set(folders_and_modules()) - {"__init__", "__main__"}
    assert names & (LIBRARIES | set(sys.stdlib_module_names)) == SHARED_WORDS


def test_every_runtime_library_is_among_those_not_to_shadow() -> None:
    imports = {"pyyaml": "yaml"}
    wanted = {imports.get(name, name.replace("-", "_")) for name in requirements("runtime")}
    assert {name for name in wanted if not name.startswith("dagster")} <= LIBRARIES


def test_no_file_is_a_drawer() -> None:
    parts = {where(p): set(p.relative_to(PROJECT).with_suffix("").parts) for p in FILES}
    assert [path for path, names in parts.items() if names & DRAWERS] == []


def test_modules_are_in_snake_case() -> None:
    pattern = re.compile(r"__init__|__main__|_?[a-z][a-z0-9]*(_[a-z0-9]+)*")
    assert [where(p) for p in modules() if not pattern.fullmatch(p.stem)] == []


def test_every_module_says_what_belongs_in_it() -> None:
    trees = {where(p): ast.parse(p.read_text(encoding="utf-8")) for p in modules()}
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_no_domain_name_begins_like_a_test() -> None:
    named = [(where(p), node.name) for p in modules() for node in (*classes(p), *functions(p))]
    assert [pair for pair in named if pair[1].startswith(("Test", "test_"))] == []


def test_every_file_can_be_read_at_once() -> None:
    sizes = {where(p): len(p.read_text(encoding="utf-8").splitlines()) for p in modules()}
    assert {path: size for path, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_every_function_can_be_read_on_one_screen() -> None:
    sizes = {(where(p), f.name): body_lines(f) for p in modules() for f in functions(p)}
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}
