"""A campaign's card: small, and what a reader of the index needs."""

import pytest

from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.combination import Matrix
from lm_assets.model.verdict import Verdict
from lm_assets.reports.index.card import campaign_card
from lm_assets_tests.builders import (
    STARTED,
    a_cell,
    a_finding,
    a_metric_catalogue,
    a_subject,
    a_summary,
    a_verdict,
)

MATRIX = Matrix(
    dimensions={"version": ["1", "2"], "operation": ["read", "write"]},
    id_format="{version}_{operation}",
    version_dimension="version",
)


def facts(**changes):
    defaults = {
        "campaign": "c",
        "subject": a_subject(),
        "environment": {},
        "started_at": STARTED,
        "ended_at": STARTED,
        "runs": 20,
        "failed_runs": 1,
        "combinations": {c.id: c.dimensions for c in MATRIX.combinations},
    }
    return CampaignFacts(**{**defaults, **changes})


def card(**changes):
    defaults = {
        "facts": facts(),
        "summaries": [
            a_summary([4.0], combination="1_read"),
            a_summary([9.0], combination="2_read"),
            a_summary([5.0], combination="1_write"),
        ],
        "metrics": a_metric_catalogue(),
        "matrix": MATRIX,
        "reports": ("executive.md",),
    }
    verdict = changes.pop("verdict", a_verdict([a_cell(combination="1_read")]))
    return campaign_card(verdict, **{**defaults, **changes})


def test_the_level_of_an_operation_is_the_geometric_mean_of_its_combinations():
    trend = card().trend
    assert (trend.metric, trend.unit, trend.dimension) == ("Duration", "s", "operation")
    assert trend.levels["read"].mean == pytest.approx(6.0)
    assert trend.levels["read"].combinations == 2
    assert trend.levels["write"].mean == pytest.approx(5.0)


def test_levels_of_the_same_combinations_alone_are_marked_as_such():
    whole, part = card().trend, card(summaries=[a_summary([4.0], combination="1_read")]).trend
    again = card(summaries=[a_summary([8.0], combination="1_read")]).trend
    assert whole.levels["read"].of != part.levels["read"].of
    assert part.levels["read"].of == again.levels["read"].of


def test_a_matrix_without_operations_is_told_by_its_first_dimension_but_the_versions():
    matrix = Matrix(
        dimensions={"version": ["1"], "query": ["q1"]},
        id_format="{version}_{query}",
        version_dimension="version",
    )
    of = facts(combinations={c.id: c.dimensions for c in matrix.combinations})
    trend = card(matrix=matrix, facts=of, summaries=[a_summary([4.0], combination="1_q1")]).trend
    assert (trend.dimension, list(trend.levels)) == ("query", ["q1"])


def test_a_campaign_without_facts_has_no_time_and_no_trend():
    made = card(facts=None)
    assert (made.started_at, made.runs, made.trend) == (None, None, None)


def test_three_findings_are_told_worst_first_and_the_rest_counted():
    findings = [
        a_finding(kind="dimension", severity=severity, cells=cells)
        for severity, cells in (
            (Verdict.SUSPECTED, 9),
            (Verdict.REGRESSED, 2),
            (Verdict.REGRESSED, 5),
            (Verdict.IMPROVED, 7),
        )
    ]
    made = card(
        verdict=a_verdict(
            [a_cell()], findings=(*findings, a_finding(kind="cell", severity=Verdict.UNCHANGED))
        )
    )
    told = [(f.severity, f.sentence) for f in made.findings]
    assert [severity for severity, _ in told] == ["regressed", "regressed", "suspected"]
    assert "5 cells" in told[0][1]
    assert made.left_out == 2


def test_an_effect_of_many_cells_is_told_before_a_cell_that_is_as_grave():
    cell, effect = (
        a_finding(kind=kind, severity=Verdict.REGRESSED, cells=1) for kind in ("cell", "dimension")
    )
    made = card(verdict=a_verdict([a_cell()], findings=(cell, effect)))
    assert ["dimension" in finding.sentence for finding in made.findings] == [True, False]


def test_a_cell_is_told_by_its_change_and_its_combination():
    finding = a_finding(
        kind="cell", change=0.66, change_ci95=(0.48, 0.87), cells=1, combinations=("1_read",)
    )
    made = card(verdict=a_verdict([a_cell()], findings=(finding,)))
    told = made.findings[0].sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert told == "Duration +66 % [+48, +87] % in 1_read"


def test_a_sentence_of_any_length_keeps_the_card_small():
    long = a_finding(kind="not_run", change=None, message="x" * 5000)
    made = card(verdict=a_verdict([a_cell()], findings=(long,)))
    assert len(made.findings[0].sentence) <= 240


def test_says_whether_the_campaign_is_compared_with_itself():
    own = a_cell(combination="1_read", verdict=Verdict.UNCHANGED, flags=("own_baseline",))
    assert card(verdict=a_verdict([own])).is_own_baseline
    assert not card().is_own_baseline
