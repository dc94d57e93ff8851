"""``lm simulate`` and ``lm calibrate``: made-up campaigns, and the judge on them."""

import json
from pathlib import Path

import pytest

from lm_assets.cli.main import main
from lm_assets.collect.landing.manifest import parse_manifest
from lm_assets.collect.result_line import parse_result_line

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def lm(capsys, monkeypatch):
    monkeypatch.setenv("LM_CONFIG_DIR", str(CONFIG))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(ended.value.code), printed.out, printed.err

    return run


def simulated(lm, folder, *more):
    return lm(
        *("simulate", "--campaign", "nightly-sim", "--output", folder, "--priority", "p0"),
        *("--runs", 3, *more),
    )


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_simulated_campaign_is_what_the_platform_reads_and_says_that_it_is_simulated(
    lm, tmp_path
):
    assert simulated(lm, tmp_path)[0] == 0
    root = tmp_path / "incoming" / "nightly-sim"
    manifest = parse_manifest((root / "manifest.json").read_bytes(), campaign="nightly-sim")
    assert (manifest.is_simulated, manifest.runs_per_combination) == (True, 3)
    assert "simulated" in manifest.notes
    assert (root / "_SUCCESS").exists()
    assert len(manifest.expected_combinations) == 4
    for name in manifest.expected_combinations:
        lines = (root / name / "results.jsonl").read_bytes().splitlines()
        parsed = [parse_result_line(line) for line in lines]
        assert [line.run_id for line in parsed] == ["run-1", "run-2", "run-3"]
        assert all(line.extra["simulated"] is True for line in parsed)
        assert all(line.measurements.values["duration_s"] > 0 for line in parsed)


def test_what_was_written_is_one_json_document(lm, tmp_path):
    code, out, err = simulated(lm, tmp_path, "--samples", tmp_path / "s.jsonl", "--json")
    document = json.loads(out)
    assert (code, document["is_simulated"], len(document["combinations"])) == (0, True, 4)
    assert Path(document["incoming"], "_SUCCESS").exists()
    assert Path(document["samples"]).exists()
    assert "4 combinations" in err


def test_equal_seeds_write_equal_files_and_effects_change_them(lm, tmp_path):
    for name, more in (
        ("a", ()),
        ("b", ()),
        ("c", ("--effect", "factor=2")),
        ("d", ("--seed", 9)),
    ):
        assert simulated(lm, tmp_path / name, *more)[0] == 0
    written = {name: files(tmp_path / name) for name in "abcd"}
    assert written["a"] == written["b"]
    assert written["a"] != written["c"]
    assert written["a"] != written["d"]


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ("factor=two", "factor=two"),
        ("extension=rapids", "factor"),
        ("factor=2,extension=none_such", "none_such"),
        ("factor=2,wheels=4", "wheels"),
        ("factor=2,kind=jump", "jump"),
    ],
)
def test_an_effect_that_cannot_be_is_refused(lm, tmp_path, effect, message):
    code, _, err = simulated(lm, tmp_path, "--effect", effect)
    assert (code, message in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_campaign_id_cannot_leave_the_folder(lm, tmp_path):
    code, _, err = lm("simulate", "--campaign", "../x", "--output", tmp_path / "inside")
    assert (code, "campaign" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_calibration_reports_false_alarms_recall_and_delay_per_metric_and_stage(lm):
    code, out, _ = lm(
        *("calibrate", "--priority", "p0", "--campaigns", 2, "--length", 2, "--factor", 3),
        *("--noise", 0.03, "--stage", "ci", "--stage", "nightly", "--json"),
    )
    rows = json.loads(out)["rows"]
    assert code == 0
    assert {row["stage"] for row in rows} == {"ci", "nightly"}
    whole = {row["scenario"]: row for row in rows if row["metric"] == "" and row["stage"] == "ci"}
    assert whole["step +200 %"]["recall"]["share"] == 1.0
    assert whole["step +200 %"]["delay_campaigns"] == 0.0
    assert whole["step +200 %"]["delay_ci95"] in (None, [0.0, 0.0])
    assert whole["ramp to +200 % in 2 campaigns"]["recall"]["trials"] > 0
    assert whole["nothing changed (A/A)"]["false_alarm_rate"]["share"] <= 0.05
    assert {row["metric"] for row in rows} >= {"duration_s", "gc_time_pct"}


def test_stored_runs_can_be_replayed_and_too_few_are_refused(lm, tmp_path):
    stored = tmp_path / "stored.jsonl"
    simulated(lm, tmp_path, "--samples", stored, "--runs", 8)
    arguments = ("calibrate", stored, "--campaigns", 1, "--length", 2)
    code, out, _ = lm(*arguments, "--runs", 4)
    assert (code, "nothing changed (A/A)" in out) == (0, True)
    code, _, err = lm(*arguments, "--runs", 5)
    assert (code, "too_few_runs" in err) == (4, True)
