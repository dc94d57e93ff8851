"""Coverage: which metrics and tiers have values, and why the others have none."""

from lm_assets.collect.coverage import metric_coverage, tier_coverage
from lm_assets.model.policy import TierCoverage
from lm_assets_tests.builders import a_metric_catalogue, a_record

WITHOUT_TIER_1 = {"tier1_stability": {}}


def test_a_campaign_without_runs_is_not_fit_to_be_judged():
    coverage = tier_coverage([], [TierCoverage(tier=3, allowed_missing_share=1.0)])
    assert not coverage.is_enough
    assert "quarantine" in coverage.message


def test_a_tier_missing_for_as_many_runs_as_allowed_is_enough():
    runs = [a_record(run_id="1", **WITHOUT_TIER_1), a_record(run_id="2")]
    assert tier_coverage(runs, [TierCoverage(tier=1, allowed_missing_share=0.5)]).is_enough


def test_a_tier_missing_for_more_runs_is_not_enough_and_is_named():
    runs = [a_record(run_id="1", **WITHOUT_TIER_1), a_record(run_id="2")]
    coverage = tier_coverage(runs, [TierCoverage(tier=1, allowed_missing_share=0.4)])
    assert not coverage.is_enough
    assert "tier 1 (50% of runs, 40% allowed)" in coverage.message


def test_a_tier_that_policy_does_not_require_may_be_missing():
    assert tier_coverage([a_record(**WITHOUT_TIER_1)], []).is_enough


def test_a_remark_behind_a_source_makes_no_other_source_of_it():
    sources = ("prometheus", "prometheus (of limits)", "pods.json (at least; …)", "result line: x")
    runs = [a_record(run_id=s, provenance={"duration_s": s}) for s in sources]
    (coverage,) = [
        c for c in metric_coverage(runs, a_metric_catalogue()) if c.metric == "duration_s"
    ]
    assert coverage.sources == {"prometheus": 2, "pods.json": 1, "result line": 1}


def test_each_metric_says_its_sources_and_the_reasons_of_its_gaps():
    runs = [
        a_record(
            run_id="1",
            tier2_efficiency={},
            tier3_performance={"duration_s": 2.0},
            provenance={"duration_s": "result line: duration_sec"},
            missing={"gc_time_pct": "no event log was delivered"},
        ),
        a_record(
            run_id="2",
            tier2_efficiency={},
            tier3_performance={},
            provenance={},
            missing={"duration_s": "no end", "gc_time_pct": "no event log was delivered"},
        ),
    ]
    by_metric = {c.metric: c for c in metric_coverage(runs, a_metric_catalogue())}
    assert by_metric["duration_s"].with_value == 1
    assert by_metric["duration_s"].sources == {"result line": 1}
    assert by_metric["duration_s"].reasons == {"no end": 1}
    assert by_metric["gc_time_pct"].reasons == {"no event log was delivered": 2}
