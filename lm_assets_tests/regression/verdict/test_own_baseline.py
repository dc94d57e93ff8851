"""A campaign compared with a baseline made from itself is marked, and is no "unchanged"."""

import io

from rich.console import Console

from lm_assets.cli.verdict_table import print_verdict
from lm_assets.model.verdict import Verdict
from lm_assets.regression.verdict.own_baseline import (
    OWN_BASELINE,
    is_own_baseline,
    mark_own_baselines,
)
from lm_assets.reports.phrases import SELF_COMPARED, headline, verdict_words
from lm_assets_tests.builders import CAMPAIGN, COMBINATION, a_baseline, a_cell, a_verdict
from lm_assets_tests.reports.gate.materials import unchanged

OWN = {COMBINATION: a_baseline(source_campaigns=(CAMPAIGN,))}
OTHERS = {COMBINATION: a_baseline(source_campaigns=("nightly-2026-11-01-aaaaaaa",))}


def test_a_baseline_of_another_campaign_marks_nothing():
    verdict = a_verdict([unchanged()])
    assert mark_own_baselines(verdict, OTHERS) == verdict
    assert verdict_words(verdict) == "unchanged"


def test_a_campaign_that_is_its_own_baseline_is_not_shown_as_unchanged():
    marked = mark_own_baselines(a_verdict([unchanged()]), OWN)
    assert marked.cells[0].flags == (OWN_BASELINE,)
    assert is_own_baseline(marked)
    assert verdict_words(marked) == SELF_COMPARED
    assert "unchanged" not in headline(marked)
    assert "made from this campaign itself" in marked.notes[0]
    assert (marked.verdict, marked.exit_code) == (Verdict.UNCHANGED, 0)


def test_where_one_of_two_combinations_is_its_own_baseline_the_other_still_counts():
    verdict = a_verdict([unchanged(), a_cell(combination="other")])
    marked = mark_own_baselines(verdict, OWN)
    assert [cell.flags for cell in marked.cells] == [(OWN_BASELINE,), ()]
    assert not is_own_baseline(marked)
    assert marked.notes[0].startswith("1 combination is compared")


def test_a_cell_without_a_comparison_is_not_marked():
    verdict = a_verdict([a_cell(verdict=Verdict.NO_BASELINE)])
    assert mark_own_baselines(verdict, OWN) == verdict


def test_unfit_data_is_told_of_whatever_it_was_compared_with():
    verdict = a_verdict([unchanged()], verdict=Verdict.DATA_FAULT, exit_code=4)
    assert verdict_words(mark_own_baselines(verdict, OWN)) == "data fault"


def test_the_terminal_says_so_in_place_of_the_verdict():
    shown = io.StringIO()
    marked = mark_own_baselines(a_verdict([unchanged()]), OWN)
    print_verdict(Console(file=shown, width=400), marked)
    first, *_ = shown.getvalue().splitlines()
    assert "COMPARED WITH ITSELF" in first
    assert "UNCHANGED" not in first
    assert "made from this campaign itself" in shown.getvalue()
