"""Which combinations of a campaign are explained, from which runs, by which contrast."""

from lm_assets.model.baseline import Baseline
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Verdict
from lm_assets.regression.causes.of_campaign import campaign_causes
from lm_assets_tests.builders import a_baseline
from lm_assets_tests.regression.causes.profiles import some_runs, with_settings
from lm_assets_tests.regression.causes.test_explain import usual

CAMPAIGN, BEFORE = "nightly-2", "nightly-1"


def a_verdict_of(**verdicts: Verdict) -> CampaignVerdict:
    cells = tuple(
        CellVerdict(combination=name, metric="duration_s", verdict=verdict, decided_by="test")
        for name, verdict in verdicts.items()
    )
    return CampaignVerdict(
        campaign=CAMPAIGN, stage="nightly", verdict=Verdict.REGRESSED, exit_code=2, cells=cells
    )


def baselines_of(*names: str) -> dict[str, Baseline]:
    return {name: a_baseline(combination=name, source_campaigns=(BEFORE,)) for name in names}


def slow(noise):
    return usual(noise, join=6_000.0)


class Kept:
    """Profiles by campaign and combination; those of the campaign are slow where it is said."""

    def __init__(self, *, settings_of: dict[str, str], slow_ones: set[str]) -> None:
        self.settings_of, self.slow_ones = settings_of, slow_ones

    def __call__(self, campaign: str, combination: str):
        if campaign == BEFORE:
            runs = [with_settings(run, spark__x="old") for run in some_runs(usual)]
        else:
            make = slow if combination in self.slow_ones else usual
            value = self.settings_of.get(combination, "old")
            runs = [with_settings(run, spark__x=value) for run in some_runs(make)]
        return {str(number): run for number, run in enumerate(runs)}


class TestRegressedCombinations:
    def test_alone_are_explained(self):
        kept = Kept(settings_of={}, slow_ones={"a"})
        verdict = a_verdict_of(a=Verdict.REGRESSED, b=Verdict.UNCHANGED)
        (row,) = campaign_causes(verdict, baselines=baselines_of("a", "b"), profiles_of=kept)
        assert row.combination == "a"
        assert row.explanation.causes[0].stage == "join"

    def test_without_profiles_say_why_nothing_is_said(self):
        verdict = a_verdict_of(a=Verdict.REGRESSED)
        (row,) = campaign_causes(verdict, baselines={}, profiles_of=lambda *_: {})
        assert row.explanation is None
        assert "no run of the campaign has a profile" in row.reason


class TestSettings:
    def relation(self, **verdicts: Verdict) -> str:
        kept = Kept(settings_of={"a": "new", "b": "new"}, slow_ones={"a"})
        rows = campaign_causes(
            a_verdict_of(**verdicts), baselines=baselines_of(*verdicts), profiles_of=kept
        )
        (setting,) = rows[0].explanation.settings
        return setting.relation

    def test_explain_where_every_combination_that_has_them_changed(self):
        assert self.relation(a=Verdict.REGRESSED, c=Verdict.UNCHANGED) == "explains"

    def test_also_differ_where_one_that_has_them_did_not_change(self):
        assert self.relation(a=Verdict.REGRESSED, b=Verdict.UNCHANGED) == "also_differs"
