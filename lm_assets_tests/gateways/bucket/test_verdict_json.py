"""The stored form of verdicts: lossless both ways, and no cell goes missing unseen."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.bucket.record_json import from_jsonl, to_jsonl
from lm_assets.gateways.bucket.verdict_json import VerdictRow, campaign_verdict, verdict_rows
from lm_assets.model.errors import DataFaultError
from lm_assets.model.verdict import (
    CampaignVerdict,
    CellVerdict,
    ConfirmationState,
    Finding,
    Verdict,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
FIGURE = st.none() | FINITE
INTERVAL = st.none() | st.tuples(FINITE, FINITE)
COUNT = st.integers(0, 10**6)
EXPLANATIONS = st.dictionaries(TEXT, FIGURE | TEXT | st.lists(COUNT, max_size=2), max_size=3)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
VERDICTS = st.sampled_from(Verdict)
CELLS = st.builds(
    CellVerdict,
    combination=TEXT,
    metric=TEXT,
    verdict=VERDICTS,
    decided_by=TEXT,
    change_unit=TEXT,
    baseline_mean=FIGURE,
    current_mean=FIGURE,
    change=FIGURE,
    change_ci95=INTERVAL,
    degradation=FIGURE,
    p=FIGURE,
    p_moderated=FIGURE,
    q=FIGURE,
    n_baseline=COUNT,
    n_current=COUNT,
    change_arithmetic=FIGURE,
    p_arithmetic=FIGURE,
    flags=TEXTS,
    runs_needed=st.none() | COUNT,
    explanation=EXPLANATIONS,
)
FINDINGS = st.builds(
    Finding,
    kind=TEXT,
    metric=TEXT,
    severity=VERDICTS,
    where=st.dictionaries(TEXT, TEXT, max_size=2),
    change=FIGURE,
    change_ci95=INTERVAL,
    change_unit=TEXT,
    cells=COUNT,
    combinations=TEXTS,
    message=TEXT,
    explanation=EXPLANATIONS,
)
CAMPAIGN_VERDICTS = st.builds(
    CampaignVerdict,
    campaign=TEXT,
    stage=TEXT,
    verdict=VERDICTS,
    exit_code=st.integers(0, 4),
    cells=st.lists(CELLS, max_size=3).map(tuple),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    counts=st.dictionaries(VERDICTS.map(str), COUNT),
    baseline_version=TEXT,
    notes=TEXTS,
    confirmation=st.none()
    | st.builds(
        ConfirmationState,
        asked=COUNT,
        left_out=COUNT,
        outcomes=st.dictionaries(VERDICTS.map(str), COUNT, max_size=2),
    ),
)
CELL = CellVerdict(
    combination="a_b", metric="duration_s", verdict=Verdict.REGRESSED, decided_by="plain rule"
)
FINDING = Finding(kind="cell", metric="duration_s", severity=Verdict.REGRESSED)
VERDICT = CampaignVerdict(
    campaign="ci-1",
    stage="ci",
    verdict=Verdict.REGRESSED,
    exit_code=2,
    cells=(CELL,),
    findings=(FINDING,),
    counts={"regressed": 1},
)


@given(CAMPAIGN_VERDICTS)
def test_a_verdict_is_the_same_as_rows(verdict: CampaignVerdict) -> None:
    assert campaign_verdict(verdict_rows(verdict)) == verdict


@given(CAMPAIGN_VERDICTS)
def test_a_verdict_is_the_same_after_it_was_stored(verdict: CampaignVerdict) -> None:
    stored = to_jsonl(verdict_rows(verdict))
    assert campaign_verdict(from_jsonl(stored, VerdictRow, source="here")) == verdict
    assert to_jsonl(verdict_rows(campaign_verdict(verdict_rows(verdict)))) == stored


def test_counts_by_verdict_are_stored_by_its_name() -> None:
    counted = replace(VERDICT, counts={Verdict.REGRESSED: 1})
    assert verdict_rows(counted)[0].explanation["counts"] == {"regressed": 1}
    assert type(next(iter(verdict_rows(counted)[0].explanation["counts"]))) is str


def test_the_campaign_comes_first_then_findings_then_cells() -> None:
    assert [row.scope for row in verdict_rows(VERDICT)] == ["campaign", "finding", "cell"]


@pytest.mark.parametrize("value", [CELL, FINDING], ids=lambda value: type(value).__name__)
def test_every_field_has_a_column_so_that_a_new_one_cannot_be_forgotten(value: Any) -> None:
    renamed = {"severity": "verdict"}
    columns = {f.name for f in fields(VerdictRow)}
    assert {renamed.get(f.name, f.name) for f in fields(value)} <= columns


def test_rows_in_another_order_are_the_same_verdict() -> None:
    assert campaign_verdict(reversed(verdict_rows(VERDICT))) == VERDICT


class TestDamagedTables:
    ROWS = verdict_rows(VERDICT)

    def test_without_a_campaign_are_refused(self) -> None:
        with pytest.raises(DataFaultError, match="one campaign row, got 0"):
            campaign_verdict(self.ROWS[1:])
        with pytest.raises(DataFaultError, match="one campaign row, got 0"):
            campaign_verdict([])

    def test_with_two_campaigns_are_refused(self) -> None:
        with pytest.raises(DataFaultError, match="one campaign row, got 2"):
            campaign_verdict([self.ROWS[0], *self.ROWS])

    def test_that_lost_a_cell_are_refused(self) -> None:
        with pytest.raises(DataFaultError, match="speaks of 1 cells, the table has 0"):
            campaign_verdict(self.ROWS[:-1])

    def test_with_a_cell_twice_are_refused(self) -> None:
        with pytest.raises(DataFaultError, match="speaks of 1 cells, the table has 2"):
            campaign_verdict([*self.ROWS, self.ROWS[-1]])

    def test_with_an_unknown_scope_are_refused(self) -> None:
        with pytest.raises(DataFaultError, match=r"scope must be one of .*'row'"):
            campaign_verdict([*self.ROWS, replace(self.ROWS[1], scope="row")])

    @pytest.mark.parametrize(
        "name", ["combination", "metric", "decided_by", "change_unit", "n_baseline", "n_current"]
    )
    def test_with_a_cell_that_lacks_what_every_cell_has_are_refused(self, name: str) -> None:
        damaged = replace(self.ROWS[2], **{name: None})
        with pytest.raises(DataFaultError, match=rf"cell row .* lacks \['{name}'\]"):
            campaign_verdict([*self.ROWS[:2], damaged])

    @pytest.mark.parametrize("name", ["kind", "metric", "change_unit", "cells", "message"])
    def test_with_a_finding_that_lacks_what_every_finding_has_are_refused(self, name: str) -> None:
        damaged = replace(self.ROWS[1], **{name: None})
        with pytest.raises(DataFaultError, match=rf"finding row .* lacks \['{name}'\]"):
            campaign_verdict([self.ROWS[0], damaged, self.ROWS[2]])

    @pytest.mark.parametrize(
        "change", [{"campaign": None}, {"exit_code": "2"}, {"counts": [1]}, {"notes": "x"}]
    )
    def test_with_an_incomplete_campaign_are_refused(self, change: dict[str, object]) -> None:
        damaged = replace(self.ROWS[0], explanation={**self.ROWS[0].explanation, **change})
        with pytest.raises(DataFaultError, match="the campaign row is incomplete"):
            campaign_verdict([damaged, *self.ROWS[1:]])
