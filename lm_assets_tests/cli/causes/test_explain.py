"""``lm explain`` and ``lm profile`` as a person and a script use them, without any server."""

import json

import pytest

from lm_assets.cli.causes import explain as explain_module
from lm_assets.cli.main import main
from lm_assets.gateways.bucket.causes import write_causes
from lm_assets.gateways.bucket.profile_json import profile_from_bytes, profile_to_bytes
from lm_assets.model.explanation import CombinationCauses
from lm_assets.regression.causes.explain import explain_change
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.regression.causes.profiles import a_stage, an_application, some_runs

CAMPAIGN = "nightly-2026-11-23-1a2b3c4"
JOINED = "local_join_750k"


def joins(noise, *, clock_ms=3_000.0, plan=("BroadcastHashJoin", "Scan parquet")):
    operators = (plan[0], "Filter", "Scan parquet")
    return an_application([a_stage(plan[0], clock_ms * noise, operators=operators)], plan=plan)


def sorts(noise):
    return joins(noise, clock_ms=6_000.0, plan=("SortMergeJoin", "Sort", "Scan parquet"))


BEFORE, AFTER = some_runs(joins), some_runs(sorts)


@pytest.fixture
def lm(capsys, monkeypatch):
    monkeypatch.setenv("LM_CONFIG_DIR", str(PROJECT / "config"))

    def run(*arguments) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def sides(tmp_path):
    """The options that name every run of both sides, as profiles on disk."""
    options = []
    for side, runs in (("--baseline", BEFORE), ("--current", AFTER)):
        for number, run in enumerate(runs):
            path = tmp_path / f"{side[2:]}-{number}.json.zst"
            path.write_bytes(profile_to_bytes(run, None))
            options += [side, path]
    return options


@pytest.fixture
def judged(monkeypatch):
    """A bucket in which a campaign explains one combination, and says why it does not another."""
    store = InMemoryObjectStore()
    explained = CombinationCauses(
        combination=JOINED, metrics=("duration_s",), explanation=explain_change(BEFORE, AFTER)
    )
    unknown = CombinationCauses(
        combination="local_read_250k", metrics=("duration_s",), reason="no run has a profile"
    )
    write_causes(store, CAMPAIGN, [explained, unknown])
    monkeypatch.setattr(explain_module.S3ObjectStore, "from_environment", lambda _: store)


class TestOfFiles:
    def test_prints_the_sentence_the_cause_the_bars_and_the_changed_operators(self, lm, sides):
        code, text, _ = lm("explain", *sides)
        assert code == 0
        assert "now SortMergeJoin, Sort in place of BroadcastHashJoin" in text.splitlines()[0]
        assert "100.0% of run time is compared (100.0% re-planned)" in text
        assert "(exact  100%" in text
        assert "- BroadcastHashJoin" in text
        assert "+ SortMergeJoin" in text

    def test_gives_the_promised_document(self, lm, sides):
        _, text, _ = lm("explain", *sides, "--json")
        document = json.loads(text)
        assert {"change", "coverage", "causes", "settings", "plans", "unknown"} <= document.keys()
        (cause,) = document["causes"]
        assert {"kind", "statement", "share", "share_ci95", "evidence", "stage", "operators"} <= (
            cause.keys()
        )
        assert (cause["kind"], cause["evidence"]) == ("plan_changed", "exact")
        assert sum(p["change_s"] for p in document["parts"]) == pytest.approx(
            document["change"]["change_s"]
        )

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "name either --campaign, or --baseline and --current logs"),
            (["--campaign", CAMPAIGN, "--baseline", __file__], "name either --campaign"),
            (["--baseline", __file__], "event logs of both sides are needed"),
            (["--baseline", __file__, "--combination", "x"], "--combination is of a campaign"),
        ],
    )
    def test_that_do_not_go_together_are_refused(self, lm, arguments, said):
        code, _, error = lm("explain", *arguments)
        assert (code, said in error) == (1, True)

    def test_that_are_no_profile_are_named(self, lm, tmp_path, sides):
        broken = tmp_path / "broken.json"
        broken.write_text("{")
        code, _, error = lm("explain", *sides, "--current", broken)
        assert code == 4
        assert "broken.json: no profile" in error


@pytest.mark.usefixtures("judged")
class TestOfACampaign:
    def test_prints_a_line_a_combination(self, lm):
        code, text, _ = lm("explain", "--campaign", CAMPAIGN)
        assert code == 0
        assert f"{JOINED}  +86 % [80, 92] time on the clock: now SortMergeJoin" in text
        assert "local_read_250k  no run has a profile" in text

    def test_gives_every_combination_to_scripts(self, lm):
        _, text, _ = lm("explain", "--campaign", CAMPAIGN, "--json")
        joined, unknown = json.loads(text)["combinations"]
        assert (joined["combination"], joined["causes"][0]["kind"]) == (JOINED, "plan_changed")
        assert unknown["unknown"] == ["no run has a profile"]

    def test_prints_one_combination_in_full_and_another_with_its_reason(self, lm):
        _, full, _ = lm("explain", "--campaign", CAMPAIGN, "--combination", JOINED)
        assert "95 % interval" in full
        _, reason, _ = lm("explain", "--campaign", CAMPAIGN, "--combination", "local_read_250k")
        assert reason.strip() == "no run has a profile"

    def test_names_what_it_explains_where_it_does_not_explain_what_is_asked(self, lm):
        asked = ("--combination", JOINED, "--metric", "cpu_core_seconds")
        code, _, error = lm("explain", "--campaign", CAMPAIGN, *asked)
        assert code == 4
        assert f"it explains {JOINED} (duration_s)" in error

    def test_that_was_judged_by_an_earlier_version_has_none(self, lm):
        code, _, error = lm("explain", "--campaign", "nightly-2026-01-01-0000000")
        assert code == 4
        assert "has it been judged by this version?" in error


def test_a_profile_of_a_log_explains_as_the_log_does(lm, tmp_path):
    log = tmp_path / "app-1"
    log.write_bytes(event_lines(*eventful_application("app-1")))
    code, printed, _ = lm("profile", log, "--to", tmp_path / "kept" / "profile.json.zst")
    assert code == 0
    target = tmp_path / "kept" / "profile.json.zst"
    assert printed.strip() == str(target)
    assert profile_from_bytes(target.read_bytes(), source="kept").profile.app_id == "app-1"
    answers = [
        json.loads(lm("explain", "--baseline", one, "--current", other, "--json")[1])
        for one, other in ((log, log), (target, target), (log, target))
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["causes"] == []
