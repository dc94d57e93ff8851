"""Where commands look for their configuration when nobody says."""

import json

import pytest

from lm_assets.cli import options
from lm_assets.cli.main import main


@pytest.fixture
def samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "samples.jsonl"
    rows = [
        {"combination": "c", "metric": "duration_s", "run": run, "value": 10.0 + run / 100.0}
        for run in range(5)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def judge(samples):
    with pytest.raises(SystemExit) as ended:
        main(["judge", "--baseline", samples, "--current", samples, "--json"])
    return ended.value.code


def test_samples_are_judged_anywhere_and_the_policy_that_was_taken_is_named(samples, capsys):
    assert judge(samples) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == "unchanged"
    assert f"using {options.PROJECT_CONFIGURATION}" in printed.err


def test_a_folder_of_ones_own_is_preferred_even_when_it_is_wrong(samples, tmp_path, capsys):
    (tmp_path / "config").mkdir()
    assert judge(samples) == 1
    assert "config/metrics.yaml: $: the file is missing" in capsys.readouterr().err


def test_without_any_configuration_it_says_what_to_set(samples, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(options, "PROJECT_CONFIGURATION", tmp_path / "nowhere")
    assert judge(samples) == 1
    assert "set LM_CONFIG_DIR or pass --config" in capsys.readouterr().err


def test_baselines_of_another_project_are_never_taken_for_the_ones_meant(samples, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["baseline", "list"])
    assert ended.value.code == 1
    assert "the configuration folder does not exist" in capsys.readouterr().err
