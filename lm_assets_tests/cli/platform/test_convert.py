"""``lm convert``: files of other tools become results that ``lm validate`` takes."""

import json
import re

import pytest
from click.testing import CliRunner

from lm_assets.cli.main import lm
from lm_assets.cli.platform.convert import FORMATS
from lm_assets.model.errors import LmError, UnusableInputError
from lm_assets_tests.architecture.project import PROJECT


def ended(*arguments):
    result = CliRunner().invoke(lm, [str(a) for a in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


def hyperfine(path, *commands):
    row = {"median": 1.1, "user": 0.8, "system": 0.2}
    path.write_text(json.dumps({"results": [{"command": c, **row} for c in commands]}))
    return path


def test_each_file_is_a_run_and_each_benchmark_a_combination(tmp_path):
    files = [hyperfine(tmp_path / f"{n}.json", "sort a", "sort b") for n in (1, 2)]
    target = tmp_path / "results"
    options = ("--format", "hyperfine", "--combination", "gnu_{name}", "--to", target)
    ended("convert", *options, *files)
    written = sorted(str(p.relative_to(target)) for p in target.rglob("*.jsonl"))
    assert written == [f"gnu_sort-{x}/run-{n}.jsonl" for x in "ab" for n in (1, 2)]
    ended("init", tmp_path / "c", "--dimension", "tool=gnu", "--dimension", "what=sort-a,sort-b")
    assert ended("validate", target, "--config", tmp_path / "c", "--runs", 2)[0] == 0


def test_several_benchmarks_of_one_name_are_a_usage_error(tmp_path):
    file = hyperfine(tmp_path / "1.json", "a", "b")
    with pytest.raises(LmError, match=r"\{name\}"):
        ended(
            "convert", file, "--format", "hyperfine", "--combination", "x", "--to", tmp_path / "r"
        )
    assert not (tmp_path / "r").exists()


def test_a_run_that_was_converted_before_is_not_overwritten_by_another(tmp_path):
    first, second = (hyperfine(tmp_path / f"{n}.json", "sort") for n in "ab")
    second.write_text(second.read_text().replace("1.1", "2.2"))
    options = ("--format", "hyperfine", "--combination", "x", "--to", tmp_path / "r")
    ended("convert", first, *options)
    ended("convert", first, *options)
    kept = (tmp_path / "r" / "x" / "run-1.jsonl").read_bytes()
    with pytest.raises(LmError, match="--first-run"):
        ended("convert", second, *options)
    assert (tmp_path / "r" / "x" / "run-1.jsonl").read_bytes() == kept
    ended("convert", second, "--first-run", 2, *options)
    assert len(list((tmp_path / "r" / "x").iterdir())) == 2


def test_another_format_names_the_file_and_the_format(tmp_path):
    file = hyperfine(tmp_path / "1.json", "a")
    with pytest.raises(UnusableInputError, match=r"1\.json as jmh"):
        ended("convert", file, "--format", "jmh", "--combination", "x", "--to", tmp_path / "r")


@pytest.mark.parametrize("form", ["jmeter", "locust"])
def test_a_field_longer_than_csv_allows_is_a_refusal(tmp_path, form):
    file = tmp_path / "r.csv"
    file.write_text("timeStamp,elapsed,success\n1,1," + "x" * 200_000 + "\n")
    with pytest.raises(UnusableInputError, match="is no CSV"):
        ended("convert", file, "--format", form, "--combination", "x", "--to", tmp_path / "r")


def test_every_format_has_its_row_on_the_page():
    page = (PROJECT / "docs" / "convert.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE) == list(FORMATS)
