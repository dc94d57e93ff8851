"""What the asset pages show: worst first, gaps with reasons, text from outside kept as text."""

from lm_assets.model.verdict import Verdict
from lm_assets.reports import ui
from lm_assets_tests.builders import (
    a_cell,
    a_decision_rule,
    a_finding,
    a_metric_catalogue,
    a_quarantined_line,
    a_verdict,
)

METRICS = a_metric_catalogue()


def test_the_worst_change_is_the_first_row_of_the_table():
    cells = [
        a_cell(combination="mild", degradation=0.3),
        a_cell(combination="bad", degradation=0.9),
        a_cell(combination="same", verdict=Verdict.UNCHANGED),
    ]
    table = ui.worst_changes_markdown(a_verdict(cells), METRICS, limit=1).replace("\u00a0", " ")
    header, _, first, _, more = table.splitlines()
    assert header.startswith("| verdict | combination | metric |")
    assert first == (
        "| ▲ regressed | `bad` | Duration | 12.3 s | 22.1 s | +80 % | [+71, +90] % | Welch's t "
        "| <0.0001 | <0.0001 | yes (p <0.0001) |"
    )
    assert more == "… and 1 cell more."


def test_where_nothing_changed_the_table_is_a_sentence():
    verdict = a_verdict([a_cell(verdict=Verdict.UNCHANGED)])
    assert ui.worst_changes_markdown(verdict, METRICS) == "No cell changed (1 cell)."


def test_a_hostile_combination_cannot_break_the_table():
    verdict = a_verdict([a_cell(combination="a|b\n<script>")])
    row = ui.worst_changes_markdown(verdict, METRICS).splitlines()[2]
    assert row.count("|") == 12
    assert "<script>" not in row


def test_the_summary_gives_verdict_counts_and_findings():
    verdict = a_verdict([a_cell()], findings=(a_finding(),))
    text = ui.summary_markdown(verdict, METRICS)
    assert text.startswith("**▲ regressed** (exit code 2): 1 of 1 combination got worse")
    assert "▲ regressed 1" in text
    assert "extension=rapids" in text


def test_coverage_lists_what_is_missing_and_what_was_quarantined():
    text = ui.coverage_markdown(
        {("oom_kills", "no source"): 5}, [a_quarantined_line(line=None)], limit=5
    )
    assert "| `oom_kills` | no source | 5 |" in text
    assert "| unknown\\_combination |" in text
    assert "| n/a |" in text


def test_coverage_says_what_it_leaves_out():
    text = ui.coverage_markdown({(f"m{i}", "r"): 1 for i in range(4)}, limit=2)
    assert "… and 2 reasons more." in text


def test_full_coverage_is_said_in_words():
    assert ui.coverage_markdown({}).startswith("Every metric has a value in every run")


def test_the_chart_is_an_image_that_needs_nothing_from_elsewhere():
    rule = a_decision_rule()
    text = ui.changes_chart_markdown(a_verdict([a_cell()]), METRICS, rule)
    assert text.startswith("![Worst changes with 95 % intervals](data:image/svg+xml;base64,")
    without = a_verdict([a_cell(change=None)])
    assert ui.changes_chart_markdown(without, METRICS, rule) == "No cell has a change to draw."
