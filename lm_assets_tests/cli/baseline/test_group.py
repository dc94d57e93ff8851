"""``lm baseline`` from the outside: what it writes, prints and ends with."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import click
import pytest
import yaml
from click.testing import CliRunner

from lm_assets.cli.baseline.group import COMMANDS, baseline
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.model.baseline import MetricBaseline
from lm_assets.model.errors import ConfigurationError, DataFaultError, LmError
from lm_assets_tests.builders import COMBINATION, DIMENSIONS, STARTED, a_record
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

FIRST, SECOND = "nightly-2026-11-22-1a2b3c4", "nightly-2026-11-29-7a7a7a7"
OTHER = COMBINATION.replace("_read_", "_write_")
SOUND = (12.0, 12.1, 12.2, 12.3, 12.4)


# Commands date what they accept with today; a proposal is dated with its runs, and these are later.
AFTER_TODAY = datetime.now(UTC) + timedelta(days=1)


def runs(campaign, durations=SOUND, combination=COMBINATION, *, started=STARTED, **changes):
    return [
        a_record(
            campaign=campaign,
            combination=combination,
            dimensions={**DIMENSIONS, "operation": combination.split("_")[4]},
            run_id=f"run-{k}",
            started_at=started + timedelta(minutes=k),
            ended_at=started + timedelta(minutes=k, seconds=duration),
            tier2_efficiency={"gc_time_pct": 2.0 + k / 10},
            tier3_performance={"duration_s": duration},
            **changes,
        )
        for k, duration in enumerate(durations, start=1)
    ]


class Platform:
    """A configuration folder of its own, a bucket, and ``lm baseline`` on them."""

    def __init__(self, folder):
        self.config = folder / "config"
        shutil.copytree(PROJECT / "config", self.config)
        shutil.rmtree(self.config / "baselines", ignore_errors=True)
        self.path = self.config / "baselines" / "load-test-baselines.yaml"
        self.bucket = CampaignBucket(InMemoryObjectStore())

    def land(self, campaign, *records):
        self.bucket.write_records(campaign, [r for group in records for r in group])

    def run(self, *arguments):
        """Return (exit code, stdout, stderr); an error is raised."""
        result = CliRunner().invoke(
            baseline,
            [*arguments, "--config", str(self.config)],
            obj=self.bucket,
            standalone_mode=False,
        )
        if result.exception is not None:
            raise result.exception
        return result.return_value, result.stdout, result.stderr

    def json(self, *arguments):
        code, stdout, _ = self.run(*arguments, "--json")
        return code, json.loads(stdout)

    @property
    def entries(self):
        return read_catalogue(self.path).entries


@pytest.fixture
def platform(tmp_path):
    return Platform(tmp_path)


@pytest.fixture
def initialised(platform):
    platform.land(FIRST, runs(FIRST), runs(FIRST, combination=OTHER))
    assert platform.run("init", "--campaign", FIRST)[0] == 0
    return platform


class TestRetire:
    def test_it_stays_in_the_file_with_its_samples_and_nothing_is_compared_with_it(
        self, initialised
    ):
        before = initialised.entries
        _, stdout, _ = initialised.run(
            "retire", "--combination", "*_write_*", "--reason", "no longer run"
        )
        assert f"1 baselines retired in {initialised.path}:\n  {OTHER}\n" == stdout
        after = initialised.entries
        assert after[COMBINATION] == before[COMBINATION]
        assert (after[OTHER].status, after[OTHER].reason) == ("retired", "retired: no longer run")
        assert after[OTHER].metrics == before[OTHER].metrics
        assert read_catalogue(initialised.path).active.keys() == {COMBINATION}

    def test_a_dry_run_writes_nothing(self, initialised):
        before = initialised.path.read_bytes()
        _, stdout, _ = initialised.run(
            "retire", "--combination", "*", "--reason", "nothing is run", "--dry-run"
        )
        assert "2 baselines would be retired" in stdout
        assert initialised.path.read_bytes() == before

    def test_what_matches_nothing_or_is_retired_already_is_refused(self, initialised):
        initialised.run("retire", "--combination", OTHER, "--reason", "no longer run")
        for pattern in (OTHER, "2.4.*"):
            with pytest.raises(LmError, match=r"no active baseline matches .*lm baseline list"):
                initialised.run("retire", "--combination", pattern, "--reason", "again")

    def test_an_update_makes_it_active_again(self, initialised):
        initialised.run("retire", "--combination", OTHER, "--reason", "no longer run")
        initialised.land(SECOND, runs(SECOND, combination=OTHER))
        code, *_ = initialised.run(
            "update", "--campaign", SECOND, "--combination", OTHER, "--reason", "is run again"
        )
        assert (code, initialised.entries[OTHER].status) == (0, "active")


class TestInit:
    def test_it_writes_a_baseline_for_each_combination(self, initialised):
        assert initialised.entries.keys() == {COMBINATION, OTHER}
        assert initialised.entries[COMBINATION].metrics["duration_s"].samples == SOUND
        assert initialised.entries[COMBINATION].reason == "initial baseline"

    def test_a_dry_run_writes_nothing(self, platform):
        platform.land(FIRST, runs(FIRST))
        code, stdout, stderr = platform.run("init", "--campaign", FIRST, "--dry-run")
        assert (code, platform.path.exists()) == (0, False)
        assert COMBINATION in stdout
        assert "1 baseline would be written" in stderr

    def test_too_few_runs_are_refused_and_the_others_are_made(self, platform):
        platform.land(FIRST, runs(FIRST), runs(FIRST, SOUND[:3], OTHER))
        code, document = platform.json("init", "--campaign", FIRST)
        assert code == 4
        assert platform.entries.keys() == {COMBINATION}
        (refusal,) = document["refusals"]
        assert (refusal["combination"], refusal["rule"]) == (OTHER, "too_few_runs")
        assert "2 more to run" in refusal["detail"]

    def test_a_second_init_leaves_what_there_is(self, initialised):
        before = initialised.path.read_bytes()
        initialised.land(SECOND, runs(SECOND))
        code, document = initialised.json("init", "--campaign", SECOND)
        assert (code, document["written"]) == (4, False)
        assert document["refusals"][0]["rule"] == "already_present"
        assert initialised.path.read_bytes() == before

    def test_contaminated_samples_need_the_guard_to_be_named(self, platform):
        platform.land(FIRST, runs(FIRST, (12.0, 12.1, 25.0, 12.3, 12.4)))
        assert platform.run("init", "--campaign", FIRST)[0] == 4
        assert not platform.path.exists()
        assert platform.run("init", "--campaign", FIRST, "--allow", "outliers")[0] == 0
        assert "run-3 = 25 s" in platform.entries[COMBINATION].allowed_guards["outliers"]

    def test_an_unknown_campaign_is_a_data_fault(self, platform):
        with pytest.raises(DataFaultError, match="has no records under raw/"):
            platform.run("init", "--campaign", "nightly-2020-01-01-0000000")


class TestUpdate:
    def test_it_shows_old_new_and_change_and_then_writes(self, initialised):
        initialised.land(SECOND, runs(SECOND, [v * 1.1 for v in SOUND]))
        code, stdout, stderr = initialised.run(
            "update", "--campaign", SECOND, "--reason", "a new release"
        )
        assert code == 0
        (line,) = [line for line in stdout.splitlines() if "duration_s" in line]
        assert line.split()[1:5] == ["12.2", "13.42", "s", "+10.0%"]
        assert "1 baseline written" in stderr
        assert initialised.entries[COMBINATION].reason == "a new release"

    def test_a_reason_is_required(self, initialised):
        with pytest.raises(click.MissingParameter, match="reason"):
            initialised.run("update", "--campaign", FIRST)

    def test_a_blank_reason_is_none(self, initialised):
        with pytest.raises(LmError, match="reason must say why"):
            initialised.run("update", "--campaign", FIRST, "--reason", " ")

    def test_patterns_select_the_combinations(self, initialised):
        initialised.land(
            SECOND, runs(SECOND, (11.0, 11.1, 11.2, 11.3, 11.4)), runs(SECOND, combination=OTHER)
        )
        before = initialised.entries[OTHER]
        arguments = ["--campaign", SECOND, "--reason", "x", "--combination", "*_read_*"]
        assert initialised.run("update", *arguments)[0] == 0
        assert initialised.entries[OTHER] == before
        assert initialised.entries[COMBINATION].source_campaigns == (SECOND,)

    def test_a_stage_with_a_looser_threshold_lets_nothing_through(self, initialised):
        policy = initialised.config / "regression.yaml"
        document = yaml.safe_load(policy.read_text())
        document["stages"]["ci"]["threshold_relative"] = 0.60
        policy.write_text(yaml.safe_dump(document))
        initialised.land(SECOND, runs(SECOND, [v * 1.45 for v in SOUND]))
        arguments = ("update", "--campaign", SECOND, "--reason", "x", "--stage", "ci")
        assert initialised.run(*arguments)[0] == 2

    @pytest.mark.parametrize("option", ["--reason", "--acknowledged-by"])
    def test_a_text_that_no_file_can_hold_is_refused_before_anything_is_shown(
        self, initialised, option
    ):
        initialised.land(SECOND, runs(SECOND))
        options = {"--reason": "x", "--acknowledged-by": "Jo", option: "bad \udcff"}
        extra = [word for pair in options.items() for word in pair]
        with pytest.raises(LmError, match=f"{option} must be UTF-8"):
            initialised.run(
                *("update", "--campaign", SECOND, "--combination", "*"),
                *("--acknowledge", "duration_s=PERF-1", *extra),
            )

    def test_a_table_in_a_pipe_cuts_no_name(self, initialised):
        latencies = {f"latency_p{q}_ms": 50.0 for q in (50, 95, 99)}
        records = [
            dataclasses.replace(r, tier3_performance={**r.tier3_performance, **latencies})
            for r in runs(SECOND)
        ]
        initialised.land(SECOND, records)
        stdout = initialised.run("update", "--campaign", SECOND, "--reason", "x")[1]
        assert all(name in stdout for name in latencies)

    def test_a_pattern_that_selects_nothing_is_an_error(self, initialised):
        arguments = ["--campaign", FIRST, "--reason", "x", "--combination", "*_red_*"]
        with pytest.raises(DataFaultError, match=r"no combination of .* matches \*_red_\*"):
            initialised.run("update", *arguments)

    def test_a_dry_run_writes_nothing(self, initialised):
        before = initialised.path.read_bytes()
        initialised.land(SECOND, runs(SECOND, [v * 0.9 for v in SOUND]))
        arguments = ["--campaign", SECOND, "--reason", "x", "--dry-run"]
        code, document = initialised.json("update", *arguments)
        assert (code, document["written"]) == (0, False)
        assert initialised.path.read_bytes() == before

    def test_an_unacknowledged_loss_ends_with_2_and_changes_nothing(self, initialised):
        before = initialised.path.read_bytes()
        initialised.land(SECOND, runs(SECOND, [v * 1.5 for v in SOUND]))
        arguments = ["update", "--campaign", SECOND, "--reason", "x"]
        code, stdout, _ = initialised.run(*arguments)
        assert code == 2
        assert "unacknowledged_loss" in stdout
        assert initialised.path.read_bytes() == before
        accepting = ["--acknowledge", "duration_s=PERF-7", "--acknowledged-by", "Jo"]
        assert initialised.run(*arguments, *accepting, "--combination", "*_read_*")[0] == 0
        accepted = initialised.entries[COMBINATION].acknowledged_findings["duration_s"]
        assert (accepted.finding, accepted.by, accepted.reason) == ("PERF-7", "Jo", "x")
        assert accepted.loss == pytest.approx(0.5)

    def test_who_accepts_a_loss_is_asked_of_git(self, initialised, monkeypatch):
        names = {"user.name": "Jo", "user.email": "jo@example.com"}
        monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
        for k, (name, value) in enumerate(names.items()):
            monkeypatch.setenv(f"GIT_CONFIG_KEY_{k}", name)
            monkeypatch.setenv(f"GIT_CONFIG_VALUE_{k}", value)
        initialised.land(SECOND, runs(SECOND, [v * 1.5 for v in SOUND]))
        accepting = ["--acknowledge", "duration_s=PERF-7", "--combination", "*"]
        initialised.run("update", "--campaign", SECOND, "--reason", "x", *accepting)
        accepted = initialised.entries[COMBINATION].acknowledged_findings["duration_s"]
        assert accepted.by == "Jo <jo@example.com>"

    def test_a_loss_that_nobody_accepts_is_not_accepted(self, initialised, monkeypatch):
        monkeypatch.setenv("PATH", "")
        accepting = ["--acknowledge", "duration_s=PERF-7", "--combination", "*"]
        with pytest.raises(LmError, match="--acknowledged-by"):
            initialised.run("update", "--campaign", FIRST, "--reason", "x", *accepting)

    def test_an_acknowledgement_says_for_which_combinations(self, initialised):
        arguments = ["--campaign", FIRST, "--reason", "x", "--acknowledge", "duration_s=PERF-7"]
        with pytest.raises(LmError, match="name the combinations"):
            initialised.run("update", *arguments)

    def test_an_acknowledgement_that_was_not_needed_is_said(self, initialised):
        initialised.land(SECOND, runs(SECOND, [v * 0.9 for v in SOUND]))
        accepting = ["--acknowledge", "duration_s=PERF-7", "--acknowledged-by", "Jo"]
        arguments = ["--campaign", SECOND, "--reason", "x", "--combination", "*"]
        _, _, stderr = initialised.run("update", *arguments, *accepting)
        assert "--acknowledge duration_s: nothing was accepted by it" in stderr
        assert initialised.entries[COMBINATION].acknowledged_findings == {}

    def test_the_same_runs_again_write_nothing(self, initialised):
        before = initialised.path.read_bytes()
        code, stdout, stderr = initialised.run("update", "--campaign", FIRST, "--reason", "again")
        assert (code, initialised.path.read_bytes()) == (0, before)
        assert "2 baselines already made of these runs" in stdout
        assert "nothing was written" in stderr

    @pytest.mark.parametrize("pair", ["duration_s", "duration_s=", "durations=PERF-7"])
    def test_an_acknowledgement_names_a_metric_and_a_finding(self, initialised, pair):
        arguments = ["--campaign", FIRST, "--reason", "x", "--acknowledge", pair]
        arguments += ["--combination", "*"]
        with pytest.raises(LmError, match="must be METRIC=FINDING"):
            initialised.run("update", *arguments)

    def test_the_anchor_moves_only_with_its_option(self, initialised):
        initialised.land(SECOND, runs(SECOND, [v * 0.9 for v in SOUND]))
        arguments = ["update", "--campaign", SECOND, "--reason", "release 2"]
        first = initialised.entries[COMBINATION].anchor
        initialised.run(*arguments)
        assert initialised.entries[COMBINATION].anchor == first
        initialised.run(*arguments, "--anchor")
        assert initialised.entries[COMBINATION].anchor.reason == "release 2"

    def test_a_failed_run_is_shown_as_rejected(self, initialised):
        failed = runs(SECOND, (1.0,), exit_code=137)
        failed[0] = a_record(campaign=SECOND, run_id="run-9", exit_code=137)
        initialised.land(SECOND, runs(SECOND), failed)
        _, stdout, _ = initialised.run("update", "--campaign", SECOND, "--reason", "x")
        assert f"rejected {SECOND}/run-9: the run failed with exit code 137" in stdout

    def test_a_failed_run_is_listed_where_the_combination_is_refused_too(self, initialised):
        failed = [
            dataclasses.replace(r, run_id="broken", exit_code=1) for r in runs(SECOND, SOUND[:1])
        ]
        initialised.land(SECOND, runs(SECOND, [*SOUND[:4], 19.9]), failed)
        arguments = ("update", "--campaign", SECOND, "--reason", "x")
        code, document = initialised.json(*arguments)
        assert (code, [r["rule"] for r in document["refusals"]]) == (4, ["outliers"])
        (rejected,) = document["rejected_runs"][COMBINATION]
        assert rejected["reason"] == "the run failed with exit code 1"
        assert f"rejected {SECOND}/broken: the run failed" in initialised.run(*arguments)[1]


class TestPropose:
    def proposing(self, initialised, tmp_path, factor, *more):
        durations = [v * factor for v in SOUND]
        initialised.land(SECOND, runs(SECOND, durations, started=AFTER_TODAY))
        folder = tmp_path / "proposal"
        code, stdout, _ = initialised.run(
            "propose", "--campaign", SECOND, "--output", str(folder), *more
        )
        return code, stdout, folder

    def test_it_writes_yaml_and_text_and_leaves_the_catalogue(self, initialised, tmp_path):
        before = initialised.path.read_bytes()
        code, _, folder = self.proposing(initialised, tmp_path, 0.7)
        assert (code, initialised.path.read_bytes()) == (0, before)
        proposed = read_catalogue(folder / initialised.path.name)
        assert proposed.entries[COMBINATION].source_campaigns == (SECOND,)
        assert proposed.entries[OTHER] == initialised.entries[OTHER]
        text = (folder / "pull-request.md").read_text()
        assert "Unacknowledged slow-downs accepted: 0" in text

    def test_the_same_campaign_gives_the_same_bytes(self, initialised, tmp_path):
        _, _, folder = self.proposing(initialised, tmp_path, 0.7)
        first = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.proposing(initialised, tmp_path, 0.7)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == first

    def test_a_slow_down_is_not_proposed(self, initialised, tmp_path):
        code, _, folder = self.proposing(initialised, tmp_path, 1.5)
        assert code == 2
        assert [path.name for path in folder.iterdir()] == ["pull-request.md"]

    def test_what_still_serves_is_proposed_only_when_everything_is_asked(
        self, initialised, tmp_path
    ):
        code, stdout, folder = self.proposing(initialised, tmp_path, 1.05)
        assert (code, [path.name for path in folder.iterdir()]) == (0, ["pull-request.md"])
        assert "1 baseline not due" in stdout
        self.proposing(initialised, tmp_path, 1.05, "--all", "--reason", "a fresh start")
        proposed = read_catalogue(folder / initialised.path.name).entries[COMBINATION]
        assert proposed.reason == "a fresh start"

    def test_no_catalogue_is_left_of_an_earlier_proposal(self, initialised, tmp_path):
        self.proposing(initialised, tmp_path, 0.7)
        _, _, folder = self.proposing(initialised, tmp_path, 1.0)
        assert [path.name for path in folder.iterdir()] == ["pull-request.md"]

    def test_nothing_goes_back_behind_a_later_baseline(self, initialised, tmp_path):
        initialised.land(SECOND, runs(SECOND, [v * 0.7 for v in SOUND]))
        arguments = ["--campaign", SECOND, "--output", str(tmp_path / "proposal")]
        code, stdout, _ = initialised.run("propose", *arguments)
        assert code == 4
        assert "newer_baseline" in stdout

    def test_the_baselines_in_force_are_no_place_for_a_proposal(self, initialised):
        before = initialised.path.read_bytes()
        link = initialised.config.parent / "link"
        link.symlink_to(initialised.path.parent)
        for folder in (initialised.path.parent, link):
            with pytest.raises(LmError, match="the baselines in force lie there"):
                initialised.run("propose", "--campaign", FIRST, "--output", str(folder))
        assert initialised.path.read_bytes() == before

    def test_a_folder_that_cannot_be_written_is_said(self, initialised, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(LmError, match="cannot be written: "):
            initialised.run(
                "propose", "--campaign", FIRST, "--output", str(tmp_path / "file" / "x")
            )


class TestCompare:
    @pytest.mark.parametrize(
        ("factor", "code", "verdict"),
        [(1.5, 2, "regressed"), (1.0, 0, "unchanged")],
        ids=["slower", "the same"],
    )
    def test_a_campaign_is_judged_against_the_baselines(self, initialised, factor, code, verdict):
        initialised.land(SECOND, runs(SECOND, [v * factor for v in SOUND]))
        got, document = initialised.json("compare", "--campaign", SECOND)
        verdicts = {cell["metric"]: cell["verdict"] for cell in document["cells"]}
        assert got == document["exit_code"] == code
        assert verdicts["duration_s"] == verdict

    def test_another_catalogue_is_judged_against_the_baselines(self, initialised, tmp_path):
        durations = [v * 1.5 for v in SOUND]
        initialised.land(SECOND, runs(SECOND, durations, started=AFTER_TODAY))
        folder = tmp_path / "proposal"
        arguments = ["--campaign", SECOND, "--all", "--acknowledge", "duration_s=PERF-7"]
        arguments += ["--acknowledged-by", "Jo", "--combination", "*"]
        initialised.run("propose", *arguments, "--output", str(folder))
        other = str(folder / initialised.path.name)
        code, stdout, _ = initialised.run("compare", "--catalogue", other)
        assert code == 2
        assert "REGRESSED" in stdout
        pattern = ["--combination", "*_write_*"]
        assert initialised.run("compare", "--catalogue", other, *pattern)[0] == 0

    def test_a_combination_that_the_other_lacks_is_named_and_never_fine(
        self, initialised, tmp_path
    ):
        other = tmp_path / "other.yaml"
        text = initialised.path.read_text()
        start = text.index(f"  {OTHER}:")
        other.write_text(text[:start] if start > text.index(f"  {COMBINATION}:") else text)
        code, document = initialised.json("compare", "--catalogue", str(other))
        assert (code, document["verdict"], document["exit_code"]) == (3, "inconclusive", 3)
        assert document["notes"][-1] == f"{other} has no active baseline of 1 of ours: {OTHER}"

    @pytest.mark.parametrize("extra", [[], ["--campaign", FIRST, "--catalogue", __file__]])
    def test_it_wants_exactly_one_side(self, initialised, extra):
        with pytest.raises(click.UsageError, match="either --campaign or --catalogue"):
            initialised.run("compare", *extra)


class TestListAndShow:
    def test_the_list_gives_runs_age_and_noise(self, initialised):
        code, document = initialised.json("list")
        assert code == 0
        row = document["baselines"][0]
        assert (row["combination"], row["n"], row["status"]) == (COMBINATION, 5, "active")
        assert row["age_days"] == 0
        assert row["highest_cv_metric"] == "gc_time_pct"
        assert row["highest_cv"] == pytest.approx(0.158113883 / 2.3)

    def test_the_list_is_a_table_for_people(self, initialised):
        _, stdout, _ = initialised.run("list", "--combination", "*_read_*")
        assert COMBINATION[:10] in stdout
        assert "_write_" not in stdout

    def test_names_in_the_list_are_text_and_are_never_cut(self, initialised):
        text = initialised.path.read_text().replace(f"  {OTHER}:", '  "x[/red]y [bold]z":')
        initialised.path.write_text(text)
        stdout = initialised.run("list")[1]
        assert "x[/red]y [bold]z" in stdout
        assert initialised.entries[COMBINATION].anchor.set_at in stdout
        assert COMBINATION in stdout

    def test_show_prints_the_entry_as_it_stands_in_the_file(self, initialised):
        code, stdout, _ = initialised.run("show", COMBINATION)
        assert code == 0
        entry = stdout.partition("\nSmallest change")[0]
        assert entry in initialised.path.read_text()
        assert yaml.safe_load(entry)[COMBINATION]["sample_size"] == 5
        assert "duration_s: +" in stdout.partition("Smallest change")[2]

    def test_show_of_what_is_not_there_says_where_to_look(self, initialised):
        with pytest.raises(LmError, match="lm baseline list"):
            initialised.run("show", "nothing")


class TestVerify:
    def test_a_sound_catalogue_ends_with_0(self, initialised):
        code, document = initialised.json("verify", "--campaign", FIRST)
        assert code == 0
        assert document["entries"] == 2
        assert document["counts"] == {"error": 0, "warning": 0, "note": 1}

    def test_without_a_catalogue_nothing_is_verified(self, platform):
        code, document = platform.json("verify")
        assert (code, document["remarks"][0]["rule"]) == (4, "no_catalogue")
        assert "lm baseline init" in document["remarks"][0]["detail"]

    def test_a_level_that_was_written_by_hand_is_an_error(self, initialised):
        entry = initialised.entries[COMBINATION]
        slower = dataclasses.replace(
            entry,
            metrics={
                **entry.metrics,
                "duration_s": MetricBaseline.of_samples(2 * v for v in SOUND),
            },
        )
        catalogue = read_catalogue(initialised.path)
        changed = dataclasses.replace(catalogue, entries={**catalogue.entries, COMBINATION: slower})
        write_catalogue(initialised.path, changed, catalogue.digest)
        code, document = initialised.json("verify")
        assert code == 4
        assert document["remarks"][0]["rule"] == "unacknowledged_loss"

    def test_what_was_not_checked_is_said(self, initialised):
        _, stdout, _ = initialised.run("verify")
        assert "environments were not compared" in stdout

    def test_a_hand_edited_entry_ends_with_4_and_its_line(self, initialised):
        text = initialised.path.read_text()
        initialised.path.write_text(text.replace("mean: 12.2", "mean: 12.1", 1))
        line = text.splitlines().index("        mean: 12.2") + 1
        code, stdout, _ = initialised.run("verify")
        assert code == 4
        assert f"load-test-baselines.yaml:{line}:" in stdout
        assert "metrics.duration_s.mean" in stdout

    def test_a_changed_environment_is_a_warning(self, initialised):
        initialised.land(SECOND, runs(SECOND, environment={"jdk": "21.0.1"}))
        code, document = initialised.json("verify", "--recent", "1")
        assert code == 3
        (warning,) = [r for r in document["remarks"] if r["severity"] == "warning"]
        assert (warning["rule"], warning["combination"]) == ("environment", COMBINATION)

    def test_odd_formatting_is_a_warning(self, initialised):
        initialised.path.write_text(initialised.path.read_text() + "# by hand\n")
        code, stdout, _ = initialised.run("verify", "--campaign", FIRST)
        assert code == 3
        assert "formatting" in stdout

    def test_a_broken_configuration_is_no_broken_catalogue(self, initialised):
        (initialised.config / "matrix.yaml").write_text("dimensions: 5\n")
        with pytest.raises(ConfigurationError, match=r"matrix\.yaml"):
            initialised.run("verify")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_explains_itself_with_an_example(command):
    result = CliRunner().invoke(baseline, [command.name, "--help"])
    assert result.exit_code == 0
    assert f"lm baseline {command.name}" in result.stdout


@pytest.mark.integration
def test_the_installed_command_works_on_a_real_bucket(platform, s3_environment, s3_store):
    CampaignBucket(s3_store).write_records(FIRST, runs(FIRST))
    command = [sys.executable, "-c", "from lm_assets.cli.main import main; main()", "baseline"]
    environment = {**os.environ, **s3_environment, "LM_CONFIG_DIR": str(platform.config)}

    def lm(*arguments):
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    made = lm("init", "--campaign", FIRST, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["written"] is True
    assert lm("verify", "--recent", "1").returncode == 0
    assert lm("compare", "--campaign", FIRST).returncode == 0
    unknown = lm("init", "--campaign", "nightly-2020-01-01-0000000")
    assert unknown.returncode == 4
    assert "has no records under raw/" in unknown.stderr
