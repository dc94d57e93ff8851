"""``lm init``, ``lm validate`` and ``lm submit``: from a matrix of one's own to a delivery."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from lm_assets.cli.main import lm
from lm_assets.cli.platform import submit as submit_module
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.errors import DataFaultError, LmError
from lm_assets_tests.builders import a_baseline, a_verdict
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

CAMPAIGN = "ci-2026-11-22-1a2b3c4"


def ended(*arguments: object):
    result = CliRunner().invoke(lm, [str(a) for a in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    options = ("--dimension", "db=pg16,pg17", "--dimension", "query=q1,q2")
    metrics = ("--metric", "tps:1/s:higher", "--metric", "peak_rss_mb:MB:lower")
    ended("init", folder, *options, *metrics, "--version-dimension", "db")
    return folder


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> InMemoryObjectStore:
    """The store of the environment is one in memory."""
    made = InMemoryObjectStore()

    class OfEnvironment:
        @staticmethod
        def from_environment(_environment):
            return made

    monkeypatch.setattr(submit_module, "S3ObjectStore", OfEnvironment)
    return made


def a_line(run: int, **fields: object) -> str:
    line = {"db": "pg16", "query": "q1", "run_id": str(run), "duration_s": 10.0 + run / 10}
    return json.dumps({**line, "tps": 100 + run, "peak_rss_kib": 1000, **fields})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "r.jsonl").write_text("\n".join(a_line(run) for run in range(1, 6)))
    return folder


class TestInit:
    def test_makes_a_valid_configuration_of_a_matrix_that_is_not_sparks(self, config):
        made = load_configuration(config)
        ids = [c.id for c in made.matrix.combinations]
        assert ids == ["pg16_q1", "pg16_q2", "pg17_q1", "pg17_q2"]
        assert made.metrics.names == ("duration_s", "tps", "peak_rss_mb")
        assert made.baselines_path.is_file()

    def test_overwrites_nothing(self, config):
        before = {p: p.read_bytes() for p in config.rglob("*") if p.is_file()}
        with pytest.raises(LmError, match="not empty"):
            ended("init", config, "--dimension", "a=b")
        assert {p: p.read_bytes() for p in config.rglob("*") if p.is_file()} == before

    def test_without_metrics_of_ones_own_has_the_shipped_ones(self, tmp_path):
        ended("init", tmp_path / "c", "--dimension", "a=b")
        assert "failed_tasks" in load_configuration(tmp_path / "c").metrics

    def test_asks_where_nothing_was_given(self, tmp_path):
        said = "db\npg16, pg17\nq=a,b\n\nn\ntps:1/s:higher\n\n"
        asked = CliRunner().invoke(lm, ["init", str(tmp_path / "c")], input=said)
        assert asked.exit_code == 0, asked.output
        made = load_configuration(tmp_path / "c")
        assert [c.id for c in made.matrix.combinations] == ["pg16_a", "pg16_b", "pg17_a", "pg17_b"]
        assert made.metrics.names == ("duration_s", "tps")

    def test_leaves_nothing_of_a_configuration_that_cannot_be_read(self, tmp_path):
        with pytest.raises(LmError, match="nothing was written"):
            ended("init", tmp_path / "c", "--dimension", "a=b", "--version-dimension", "db")
        assert not (tmp_path / "c").exists()

    @pytest.mark.parametrize(
        "options",
        [("--dimension", "db"), ("--dimension", "a=b", "--metric", "tps:1/s:up")],
    )
    def test_says_what_is_wrong_with_an_option(self, tmp_path, options):
        with pytest.raises(LmError, match=options[-1]):
            ended("init", tmp_path / "c", *options)


class TestValidate:
    def test_says_what_would_become_of_sound_results(self, config, results):
        code, text = ended("validate", results, "--config", config, "--runs", 5)
        assert code == 0
        assert "5 load runs of 1 combinations, 0 lines or objects refused" in text

    def test_names_each_refused_line_with_its_reason(self, config, results):
        with (results / "r.jsonl").open("a") as file:
            file.write(
                "\n" + a_line(6, query="q9") + "\n" + a_line(7, start_time="2026-11-22T01:00:00")
            )
        code, text = ended("validate", results, "--config", config, "--json")
        document = json.loads(text)
        assert (code, document["records"]) == (4, 5)
        assert {q["place"]: q["rule"] for q in document["quarantined"]} == {
            "r.jsonl line 6": "unknown_combination",
            "r.jsonl line 7": "time",
        }

    def test_names_no_combination_after_a_file_of_lines_that_name_none(self, config, results):
        with (results / "r.jsonl").open("a") as file:
            file.write("\n" + a_line(6, query="q9"))
        _, text = ended("validate", results, "--config", config, "--json")
        (wanting,) = json.loads(text)["wanting"]
        assert wanting["combinations"] == ["of_no_combination"]

    def test_takes_a_file_for_the_results_of_the_combination_that_it_is_named_after(
        self, config, tmp_path
    ):
        (tmp_path / "r").mkdir()
        lines = [a_line(run, db=None, query=None) for run in range(1, 6)]
        (tmp_path / "r" / "pg17_q2.jsonl").write_text("\n".join(lines))
        _, text = ended("validate", tmp_path / "r", "--config", config, "--json")
        assert json.loads(text)["runs"] == {"pg17_q2": 5}

    def test_names_the_metrics_that_no_run_has(self, config, results):
        lines = [a_line(run, peak_rss_kib=None) for run in range(1, 6)]
        (results / "r.jsonl").write_text("\n".join(lines))
        code, text = ended("validate", results, "--config", config)
        assert code == 0
        assert "no run has peak_rss_mb: " in text

    def test_names_missing_runs(self, config, results):
        code, text = ended("validate", results, "--config", config, "--runs", 7)
        assert code == 3
        assert "fewer than the 7 runs that were promised of pg16_q1 (5)" in text

    def test_holds_old_files_to_the_baselines_of_today(self, config, results):
        """They land when they are delivered: what has a baseline by then was to be run."""
        path = load_configuration(config).baselines_path
        entry = a_baseline(combination="pg17_q2", created_at="2026-11-20T00:00:00Z", environment={})
        write_catalogue(
            path, BaselineCatalogue(entries={"pg17_q2": entry}), read_catalogue(path).digest
        )
        os.utime(results / "r.jsonl", (0, 0))
        code, text = ended("validate", results, "--config", config, "--stage", "nightly")
        assert (code, "nothing landed of pg17_q2" in text) == (3, True)

    def test_names_a_doubtful_unit_with_both_readings(self, config, results):
        with (results / "r.jsonl").open("a") as file:
            file.write("\n" + a_line(6, duration_s=10300.0))
        code, text = ended("validate", results, "--config", config, "--json")
        assert code == 3
        (suspect,) = json.loads(text)["unit_suspects"]
        assert (suspect["run"], suspect["value_in_the_other_runs_unit"]) == ("6", 10.3)

    def test_names_a_number_that_may_be_a_metric(self, config, results):
        with (results / "r.jsonl").open("a") as file:
            file.write("\n" + a_line(6, duration_s=None, duration=3))
        code, text = ended("validate", results, "--config", config, "--json")
        assert code == 3
        (note,) = json.loads(text)["notes"]
        assert note == "duration was not read: it may be duration_s in another unit"

    def test_delivers_nothing_that_a_link_leads_to_outside_of_the_folder(
        self, config, results, tmp_path
    ):
        (tmp_path / "secret").write_text("S3CRET")
        (results / "pg16_q1").mkdir()
        (results / "pg16_q1" / "more.jsonl").symlink_to(tmp_path / "secret")
        with pytest.raises(LmError, match=r"more\.jsonl leads out of"):
            ended("validate", results, "--config", config)

    @pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/nowhere")])
    def test_passes_over_no_file_that_cannot_be_read(self, config, results, make):
        make(results / "manifest.json")
        with pytest.raises(LmError, match=r"manifest\.json is no regular file"):
            ended("validate", results, "--config", config)

    def test_passes_over_no_folder_that_a_link_stands_for(self, config, results):
        (results / "kept").mkdir()
        (results / "kept" / "more.jsonl").write_text(a_line(6))
        (results / "pg16_q1").symlink_to(results / "kept")
        with pytest.raises(LmError, match=r"pg16_q1 is no regular file"):
            ended("validate", results, "--config", config)

    def test_names_a_file_whose_name_is_no_text(self, config, results):
        (results / "bad-\udcff.jsonl").write_text("{}")
        with pytest.raises(LmError, match=r"'bad-\\udcff\.jsonl' is no UTF-8"):
            ended("validate", results, "--config", config)

    def test_an_empty_folder_is_no_delivery(self, config, tmp_path):
        (tmp_path / "none").mkdir()
        with pytest.raises(LmError, match="holds nothing to deliver"):
            ended("validate", tmp_path / "none", "--config", config)


def submit(results: Path, config: Path, *more: object):
    return ended("submit", results, "--campaign", CAMPAIGN, "--config", config, *more)


class TestSubmit:
    def test_delivers_every_object_and_the_manifest_and_success_last(self, store, config, results):
        options = (
            "--stage",
            "nightly",
            "--runs",
            5,
            "--git-sha",
            "1a2b3c4",
            "--version-label",
            "pg=16",
        )
        assert submit(results, config, *options)[0] == 0
        keys = [k.removeprefix(f"incoming/{CAMPAIGN}/") for k in store.objects]
        assert keys[-1] == "_SUCCESS"
        assert set(keys) == {"_SUCCESS", "manifest.json", "pg16_q1/r.jsonl"}
        manifest = json.loads(store.read(f"incoming/{CAMPAIGN}/manifest.json"))
        assert manifest["subject"] == {"git_sha": "1a2b3c4", "version_labels": {"pg": "16"}}
        assert (manifest["stage"], manifest["runs_per_combination"]) == ("nightly", 5)

    def test_an_option_wins_over_the_folders_manifest_and_the_rest_stays(
        self, store, config, results
    ):
        (results / "manifest.json").write_text(
            '{"stage": "ci", "subject": {"git_sha": "a"}, "notes": "n"}'
        )
        submit(results, config, "--stage", "weekly")
        manifest = json.loads(store.read(f"incoming/{CAMPAIGN}/manifest.json"))
        assert (manifest["stage"], manifest["notes"]) == ("weekly", "n")
        assert manifest["subject"] == {"git_sha": "a"}

    def test_an_interrupted_delivery_is_continued(self, store, config, results):
        submit(results, config, "--runs", 5)
        store.delete(f"incoming/{CAMPAIGN}/_SUCCESS")
        store.delete(f"incoming/{CAMPAIGN}/manifest.json")
        written = []
        write = store.write
        store.write = lambda key, data, **kw: written.append(key) or write(key, data, **kw)
        submit(results, config, "--runs", 5)
        assert [k.rpartition("/")[2] for k in written] == ["manifest.json", "_SUCCESS"]
        written.clear()
        submit(results, config, "--runs", 5)
        assert written == []

    def test_nothing_is_delivered_where_a_line_would_be_refused_unless_forced(
        self, store, config, results
    ):
        (results / "r.jsonl").write_text("{\n")
        with pytest.raises(DataFaultError, match=r"nothing was delivered.*--force"):
            submit(results, config)
        assert store.objects == {}
        assert submit(results, config, "--force")[0] == 0
        assert store.objects

    def test_a_judged_campaign_is_replaced_only_when_asked(self, store, config, results):
        submit(results, config)
        CampaignBucket(store).write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict([])))
        assert submit(results, config)[0] == 0  # the same content is no other delivery
        (results / "r.jsonl").write_text(a_line(1))
        with pytest.raises(LmError, match=r"is judged.*--replace"):
            submit(results, config)
        assert submit(results, config, "--replace")[0] == 0
        assert store.read(f"incoming/{CAMPAIGN}/pg16_q1/r.jsonl") == a_line(1).encode() + b"\n"

    def test_a_campaign_that_is_replaced_by_the_same_content_is_judged_anew(
        self, store, config, results
    ):
        success = f"incoming/{CAMPAIGN}/_SUCCESS"
        submit(results, config)
        before = store.objects[success]
        submit(results, config)
        assert store.objects[success] is before
        submit(results, config, "--replace")
        assert store.objects[success] is not before

    def test_objects_that_the_folder_does_not_have_are_named_and_removed_only_when_asked(
        self, store, config, results
    ):
        store.write(f"incoming/{CAMPAIGN}/pg17_q1/old.jsonl", b"{}")
        with pytest.raises(LmError, match=r"pg17_q1/old\.jsonl"):
            submit(results, config)
        submit(results, config, "--replace")
        assert f"incoming/{CAMPAIGN}/pg17_q1/old.jsonl" not in store.objects
