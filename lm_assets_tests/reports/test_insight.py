"""What a reader is pointed to: the worst first, and what moved with it."""

import io

import pytest
from pypdf import PdfReader

from lm_assets.model.verdict import Verdict
from lm_assets.reports.detailed import detailed_pdf
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.insight import (
    by_severity,
    exact_findings,
    runs_needed,
    told_findings,
    undecided_counts,
    worst_combinations,
)
from lm_assets.reports.phrases import finding_sentence, finding_words
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_metric_catalogue,
    a_report_material,
    a_verdict,
)


def material_of(*cells):
    return a_report_material(combination_count=1, verdict=a_verdict(cells))


def test_a_spill_beside_a_slower_run_is_named_as_what_was_seen_together():
    slower = a_cell()
    spill = a_cell(
        metric="shuffle_spill_pct",
        change_unit="points",
        baseline_mean=0.0,
        current_mean=45.0,
        change=45.0,
        change_ci95=(41.0, 49.0),
        degradation=45.0,
    )
    (worst,) = worst_combinations(material_of(spill, slower), (Verdict.REGRESSED,))
    assert worst.lead.metric == "duration_s"
    assert [hint.metric for hint in worst.hints] == ["shuffle_spill_pct"]
    assert (worst.hints[0].before, worst.hints[0].after) == (0.0, 45.0)


def test_a_metric_that_only_wavered_is_no_hint():
    wavering = a_cell(
        metric="gc_time_pct",
        verdict=Verdict.INCONCLUSIVE,
        change_unit="points",
        change=7.0,
        change_ci95=(-2.0, 16.0),
        degradation=7.0,
    )
    (worst,) = worst_combinations(material_of(a_cell(), wavering), (Verdict.REGRESSED,))
    assert worst.hints == ()


def test_another_performance_metric_is_a_symptom_and_no_hint():
    latency = a_cell(metric="latency_p95_ms", degradation=0.5, change=0.5)
    (worst,) = worst_combinations(material_of(a_cell(), latency), (Verdict.REGRESSED,))
    assert worst.hints == ()
    assert [cell.metric for cell in worst.others] == ["latency_p95_ms"]


def test_cells_are_ordered_by_verdict_before_size():
    huge_but_suspected = a_cell(verdict=Verdict.SUSPECTED, degradation=3.0)
    small_but_certain = a_cell(combination="b", degradation=0.3)
    assert by_severity([huge_but_suspected, small_but_certain])[0] is small_but_certain


def test_the_largest_improvement_comes_first_among_improvements():
    small = a_cell(verdict=Verdict.IMPROVED, degradation=-0.25)
    large = a_cell(verdict=Verdict.IMPROVED, degradation=-0.60)
    assert by_severity([small, large]) == [large, small]


def test_points_are_not_ranked_against_percentages():
    points = a_cell(metric="gc_time_pct", change_unit="points", degradation=40.0)
    relative = a_cell(degradation=0.3)
    assert by_severity([points, relative]) == [relative, points]


def test_undecided_cells_are_counted_by_reason_and_ask_for_runs():
    cells = [
        a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=9),
        a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=3),
        a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=None),
        a_cell(verdict=Verdict.NO_BASELINE),
        a_cell(verdict=Verdict.UNCHANGED),
    ]
    assert undecided_counts(cells) == {Verdict.INCONCLUSIVE: 3, Verdict.NO_BASELINE: 1}
    assert runs_needed(cells) == (3, 9)


def test_findings_are_told_worst_first_and_exact_evidence_apart():
    exact = a_finding(kind="behaviour_changed", severity=Verdict.UNCHANGED)
    suspected = a_finding(kind="dimension", severity=Verdict.SUSPECTED)
    regressed = a_finding(kind="dimension", severity=Verdict.REGRESSED)
    improved = a_finding(kind="dimension", severity=Verdict.IMPROVED)
    findings = (exact, improved, suspected, regressed)
    material = a_report_material(
        combination_count=1, verdict=a_verdict([a_cell()], findings=findings)
    )
    assert told_findings(material) == [regressed, suspected, improved]
    assert exact_findings(material) == [exact]


@pytest.mark.parametrize(
    "rendered",
    [executive_markdown, technical_html, lambda material: pdf_text(detailed_pdf(material))],
    ids=["summary", "page", "document"],
)
def test_every_layer_tells_exact_evidence_after_what_got_worse(rendered):
    exact = a_finding(kind="behaviour_changed", severity=Verdict.UNCHANGED)
    verdict = a_verdict([a_cell()], findings=(exact,))
    text = rendered(a_report_material(combination_count=1, verdict=verdict))
    assert 0 < text.index("What got worse") < text.index("Counted exactly, no verdict of its own")


def pdf_text(content):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_finding_says_once_that_it_is_exact():
    exact = a_finding(
        kind="behaviour_changed", message="behaviour changed, exactly: tasks 8 → 100 in a_read"
    )
    said = f"{finding_words(exact)}: {finding_sentence(exact, a_metric_catalogue())}"
    assert said == "exact: behaviour changed: tasks 8 → 100 in a_read"
