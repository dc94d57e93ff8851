"""What a campaign's verdict shows of alerts."""

from lm_assets.alerts.identity import fingerprint_of
from lm_assets.alerts.observation import cell_outcomes, letters_of, observe
from lm_assets.model.ownership import OwnerRule
from lm_assets.model.verdict import Verdict
from lm_assets_tests.alerts.lives import night
from lm_assets_tests.builders import COMBINATION, a_cell, a_finding, a_verdict, causes_of

TOLD = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.DATA_FAULT)


def seen(cells, findings=(), **changes):
    return observe(a_verdict(cells, findings=findings, **changes), at=night(0), told=TOLD)


def a_cell_finding(metric="duration_s", **changes):
    return a_finding(
        **{"kind": "cell", "metric": metric, "where": {}, "combinations": (COMBINATION,), **changes}
    )


def test_metrics_that_are_worse_in_one_place_are_one_cause():
    cells = [a_cell(), a_cell(metric="cpu_core_seconds")]
    observation = seen(cells, (a_cell_finding(), a_cell_finding("cpu_core_seconds", change=0.5)))
    (sighting,) = observation.sightings
    assert sighting.metrics == ("cpu_core_seconds", "duration_s")
    assert sighting.sizes == {"cpu_core_seconds": 0.5, "duration_s": 0.31}


def test_a_fingerprint_knows_neither_metric_nor_size_nor_the_order_of_the_place():
    where = {"extension": "rapids", "mode": "read"}
    one = seen([a_cell()], (a_finding(where=where),)).sightings[0]
    turned = dict(reversed(where.items()))
    other = seen([a_cell()], (a_finding(metric="latency_p95_ms", where=turned, change=2.0),))
    assert fingerprint_of("nightly", one) == fingerprint_of("nightly", other.sightings[0])
    assert fingerprint_of("weekly", one) != fingerprint_of("nightly", one)


def test_the_owner_is_whoever_the_policy_names_for_every_combination_of_the_cause():
    owners = (OwnerRule(who="@joins", where={"operation": "join"}), OwnerRule(who="@perf"))
    dimensions = {"a": {"operation": "join"}, "b": {"operation": "join"}, "c": {"operation": "x"}}

    def owner(*combinations, **where):
        finding = a_cell_finding(combinations=combinations, where=where)
        cells = [a_cell(combination=name) for name in combinations]
        verdict = a_verdict(cells, findings=[finding])
        (sighting,) = observe(
            verdict, at=night(0), told=TOLD, owners=owners, dimensions=dimensions
        ).sightings
        return sighting.owner

    assert owner("a", "b") == "@joins"
    assert owner("a", "c") == "@perf"
    assert owner(operation="join") == "@joins"
    (unowned,) = seen([a_cell()], [a_cell_finding()]).sightings
    assert unowned.owner == ""


def test_findings_that_are_no_loss_are_no_cause():
    findings = (
        a_finding(severity=Verdict.IMPROVED),
        a_finding(kind="environment_change", metric="", severity=Verdict.INCONCLUSIVE),
    )
    assert seen([a_cell(verdict=Verdict.UNCHANGED)], findings).sightings == ()


def test_a_verdict_that_is_told_and_that_no_finding_stands_for_is_a_cause():
    cell = a_cell(verdict=Verdict.SUSPECTED)
    (sighting,) = seen([cell]).sightings
    assert (sighting.kind, sighting.verdict) == ("campaign", Verdict.SUSPECTED)
    assert sighting.combinations == (COMBINATION,)
    assert sighting.message == f"1 cells suspected in {COMBINATION}"


def test_a_campaign_without_a_cell_tells_its_notes():
    (sighting,) = seen(
        [], verdict=Verdict.DATA_FAULT, exit_code=4, notes=("nothing was judged",)
    ).sightings
    assert sighting.message == "nothing was judged"


def test_cells_are_clean_worse_or_tell_nothing():
    verdicts = {
        "a": Verdict.UNCHANGED,
        "b": Verdict.IMPROVED,
        "c": Verdict.ACCEPTED_TRADEOFF,
        "d": Verdict.REGRESSED,
        "e": Verdict.SUSPECTED,
        "f": Verdict.INCONCLUSIVE,
        "g": Verdict.DATA_FAULT,
        "h": Verdict.NO_BASELINE,
    }
    cells = [a_cell(combination=name, verdict=verdict) for name, verdict in verdicts.items()]
    outcomes = cell_outcomes([*cells, a_cell(combination="a", metric="gc_time_pct")])
    assert letters_of(outcomes, (), {"duration_s"}) == "cccrs---"
    assert letters_of(outcomes, {"a", "b"}, {"gc_time_pct"}) == "r "


def test_the_likely_cause_comes_along():
    finding = a_finding(
        kind="common_shift", where={}, explanation={"likely_causes": ["jdk 17 → 21"], "metrics": {}}
    )
    assert seen([a_cell()], (finding,)).sightings[0].likely_cause == "jdk 17 → 21"


def test_a_campaign_compared_with_itself_shows_no_cell_in_order():
    cells = [a_cell(verdict=Verdict.UNCHANGED, flags=("own_baseline",)), a_cell(metric="x")]
    outcomes = seen(cells).outcomes
    assert letters_of(outcomes, {COMBINATION}, {"duration_s"}) == "-"


class TestLikelyCause:
    OTHER = "4.0.0_connect_kubernetes_none_join_1gb"
    PLACE = a_finding(combinations=(COMBINATION, OTHER))

    def named(self, findings, *causes) -> str:
        verdict = a_verdict([a_cell()], findings=findings)
        (sighting,) = observe(verdict, at=night(0), told=TOLD, causes=causes).sightings
        return sighting.likely_cause

    def test_is_what_its_runs_show_first(self):
        causes = causes_of(COMBINATION, "200 → 2,000 partitions", "a slow host")
        assert self.named((a_cell_finding(),), causes) == "200 → 2,000 partitions"

    def test_of_many_combinations_is_what_most_of_them_share(self):
        causes = (
            causes_of(COMBINATION, "spills to disk"),
            causes_of(self.OTHER, "spills to disk", "a slow host"),
            causes_of("elsewhere", "another join"),
        )
        assert self.named((self.PLACE,), *causes) == "spills to disk (2 of 2 combinations)"

    def test_is_the_changed_environment_where_one_is_known(self):
        finding = a_cell_finding(explanation={"likely_causes": ["jdk 17 → 21"]})
        assert self.named((finding,), causes_of(COMBINATION, "x")) == "jdk 17 → 21"

    def test_is_not_guessed_from_other_metrics_or_places_or_from_none(self):
        causes = (
            causes_of(COMBINATION, "x", metrics=("cpu_core_seconds",)),
            causes_of("elsewhere", "y"),
            causes_of(COMBINATION),
        )
        assert self.named((a_cell_finding(),), *causes) == ""
