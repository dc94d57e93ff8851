"""One screen: the verdict first, what, where, how sure, what next; nothing obeyed from outside."""

import base64
import dataclasses
import re
import zlib

import pytest

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.ownership import OwnerRule
from lm_assets.model.verdict import ConfirmationState, Finding, Verdict
from lm_assets.reports.escaping import markdown_text
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.technical import technical_html
from lm_assets_tests.builders import (
    COMBINATION,
    ENVIRONMENT,
    a_baseline,
    a_cell,
    a_finding,
    a_manifest,
    a_quarantined_line,
    a_report_material,
    a_verdict,
)

HOSTILE = "<script>x</script>|`a`|[b](http://evil)\n# owned"
FAILED_LOAD_RUNS = Finding(
    kind="limit",
    metric="failed_runs",
    severity=Verdict.REGRESSED,
    combinations=(COMBINATION,),
    message="load runs failed in 1 combinations",
)


def of_cells(*cells, **changes):
    verdict = changes.pop("verdict", None) or a_verdict(cells)
    defaults = {"quarantined": (), "missing": {}, "current_samples": {}, "summaries": ()}
    return a_report_material(verdict=verdict, **{**defaults, **changes})


def test_the_verdict_is_the_first_thing_said():
    first, _, headline, *_ = executive_markdown(of_cells(a_cell())).splitlines()
    assert first == "# ▲ REGRESSED: `nightly-2026-11-22-1a2b3c4`"
    assert headline == "**1 of 1 combination got worse (1 regressed cell).**"


def test_a_worse_cell_says_what_where_how_much_and_how_sure():
    text = executive_markdown(of_cells(a_cell())).replace("\u00a0", " ")
    assert (
        f"1. **Duration +80 % [+71, +90] %** in `{COMBINATION}`: 12.3 s → 22.1 s, runs 5 : 5, "
        "regressed by Welch's t (p <0.0001, q <0.0001), plain rule: yes (p <0.0001)" in text
    )


def test_the_likely_cause_in_the_same_combination_is_named():
    spill = a_cell(
        metric="shuffle_spill_pct",
        change_unit="points",
        baseline_mean=0.0,
        current_mean=45.0,
        change=45.0,
        change_ci95=(41.0, 49.0),
        degradation=45.0,
    )
    text = executive_markdown(of_cells(a_cell(), spill)).replace("\u00a0", " ")
    assert "Seen together: Shuffle spill 0 % → 45 % (+45 pp)." in text


def test_findings_that_explain_many_cells_are_told_once():
    verdict = a_verdict([a_cell()], findings=(a_finding(), a_finding(kind="cell")))
    text = executive_markdown(of_cells(verdict=verdict)).replace("\u00a0", " ")
    assert "- **regressed**: Duration +31 % [+25, +38] % in extension=rapids, over 64 cells" in text
    assert text.count("rapids") == 1


def test_a_finding_names_its_other_metrics_and_its_cause_instead_of_its_raw_message():
    finding = a_finding(
        kind="common_shift",
        where={},
        message="duration_s +31.0 %, with cpu_core_seconds +67.3 %",
        explanation={
            "metrics": {"duration_s": {"change": 0.31}, "cpu_core_seconds": {"change": 0.673}},
            "likely_causes": ["jdk 17 → 21"],
        },
    )
    text = executive_markdown(of_cells(verdict=a_verdict([a_cell()], findings=(finding,))))
    assert (
        "Duration +31 % [+25, +38] % in the whole matrix, over 64 cells (common shift), "
        "with CPU cost +67 %; likely cause: jdk 17 → 21" in text.replace("\u00a0", " ")
    )
    assert "cpu_core" not in text.replace("\\", "")


def test_a_finding_without_a_change_is_told_by_its_message():
    finding = a_finding(kind="limit", metric="oom_kills", change=None, change_ci95=None, where={})
    finding = dataclasses.replace(finding, message="OOM above its hard limit")
    text = executive_markdown(of_cells(verdict=a_verdict([a_cell()], findings=(finding,))))
    assert "OOM kills in the whole matrix, 64 cells (limit): OOM above its hard limit" in text


def test_the_moderated_p_is_told_where_the_verdict_rests_on_it():
    text = executive_markdown(of_cells(a_cell(p=0.049, p_moderated=0.00012)))
    assert "by moderated t (p 0.00012, q <0.0001), plain rule: yes (p 0.049)" in text


def test_suspicion_is_not_headed_as_certainty():
    text = executive_markdown(of_cells(a_cell(verdict=Verdict.SUSPECTED)))
    assert "## What may have got worse" in text
    assert "## What got worse" not in text


def test_a_changed_environment_is_named_and_comes_before_the_blame():
    material = of_cells(
        a_cell(),
        manifest=a_manifest(environment={**ENVIRONMENT, "jdk": "21.0.4"}),
        baseline=BaselineCatalogue(entries={COMBINATION: a_baseline()}),
    )
    text = executive_markdown(material)
    assert "**Environment differs from the baseline's**: jdk 17.0.12 → 21.0.4." in text
    assert text.index("Compare in one environment before blaming the code") < text.index(
        "got worse: `lm"
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.INCONCLUSIVE, "- inconclusive, 1 cell: neither worse nor shown to be the same"),
        (Verdict.INSUFFICIENT_DATA, "- insufficient data, 1 cell: too few usable runs"),
        (Verdict.NO_BASELINE, "- no baseline, 1 cell: nothing accepted to compare with"),
        (Verdict.DATA_FAULT, "- data fault, 1 cell: values that cannot be judged"),
    ],
    ids=str,
)
def test_what_was_not_decided_is_told_with_the_reason(verdict, words):
    assert words in executive_markdown(of_cells(a_cell(verdict=verdict)))


def test_inconclusive_cells_say_how_many_runs_would_decide():
    cells = [a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=n) for n in (3, 4, 20)]
    assert "4 runs per side would decide half of them, 20 all that can" in executive_markdown(
        of_cells(*cells)
    )


def test_missing_metrics_and_quarantined_lines_are_not_hidden():
    text = executive_markdown(
        of_cells(
            a_cell(verdict=Verdict.UNCHANGED),
            missing={("gpu_usage_pct", "no GPU"): 10},
            quarantined=[a_quarantined_line()],
        )
    )
    assert "- not measured: GPU usage (no GPU, 10 runs)" in text
    assert "- quarantined, 1 line: unknown\\_combination 1" in text
    assert "lm quarantine" in text


def test_who_must_act_is_whom_the_policy_names_and_else_that_nobody_is():
    material = of_cells(a_cell())
    assert "(nobody is named to act: `alerts.owners` of regression.yaml)" in executive_markdown(
        material
    )
    owned = dataclasses.replace(material, owners=(OwnerRule(who="@spark <joins>"),))
    text = executive_markdown(owned)
    assert f"**Who**: {markdown_text('@spark <joins>')}." in text
    assert "nobody is named" not in text


def test_a_campaign_in_which_nothing_happened_says_so_and_asks_for_nothing():
    text = executive_markdown(of_cells(a_cell(verdict=Verdict.UNCHANGED)))
    assert "**Nothing got worse in 1 combination.**" in text
    assert "What to do next" not in text


def test_combinations_without_a_baseline_are_not_among_those_that_did_not_get_worse():
    cells = (
        a_cell(combination="a", verdict=Verdict.UNCHANGED),
        a_cell(combination="b", verdict=Verdict.NO_BASELINE),
    )
    text = executive_markdown(of_cells(*cells))
    assert "**Nothing got worse where there is a baseline; 1 of 2 combinations have none.**" in text


def test_cells_that_cannot_be_compared_are_never_counted_among_those_that_did_not_get_worse():
    like, unlike = a_cell(verdict=Verdict.UNCHANGED), a_cell(verdict=Verdict.SOURCE_CHANGED)
    text = executive_markdown(of_cells(like, unlike))
    assert "Nothing got worse where it can be compared; 1 cell cannot (source changed)." in text
    text = executive_markdown(of_cells(like, a_cell(verdict=Verdict.CONFOUNDED)))
    assert "1 of 1 combination got worse, or ran on other nodes: it cannot be told." in text


def test_without_any_baseline_nothing_is_called_good():
    text = executive_markdown(
        of_cells(verdict=a_verdict([a_cell(verdict=Verdict.NO_BASELINE)], exit_code=3))
    )
    assert "**Nothing could be judged: no baseline.**" in text
    assert "lm baseline init --campaign" in text


def test_missing_values_are_not_available_and_never_zero():
    cell = a_cell(baseline_mean=None, current_mean=None, change_ci95=None, q=None, p=None)
    text = executive_markdown(of_cells(cell)).replace("\u00a0", " ")
    assert "**Duration +80 %** in" in text
    assert "n/a → n/a, runs 5 : 5, regressed" in text


def test_hostile_names_are_shown_and_not_obeyed():
    verdict = a_verdict(
        [a_cell(combination=HOSTILE), a_cell(metric=HOSTILE)],
        campaign=HOSTILE,
        findings=(a_finding(where={HOSTILE: HOSTILE}, message=HOSTILE),),
    )
    text = executive_markdown(
        of_cells(
            verdict=verdict,
            manifest=a_manifest(campaign=HOSTILE, notes=HOSTILE, priority=HOSTILE),
            missing={(HOSTILE, HOSTILE): 1},
            quarantined=[a_quarantined_line(rule=HOSTILE)],
        )
    )
    assert "<script>" not in text
    assert "\n# owned" not in text
    assert not re.search(r"(?<!\\)\]\(http", text)


def test_it_fits_one_screen_however_much_happened():
    cells = [
        a_cell(combination=f"combination_{i}", metric=metric, verdict=verdict, runs_needed=4)
        for i, verdict in enumerate([*Verdict] * 4)
        for metric in ("duration_s", "gc_time_pct", "throughput_rows_s")
    ]
    text = executive_markdown(
        of_cells(
            verdict=a_verdict(cells, findings=(a_finding(),) * 9, notes=("a note",) * 9),
            manifest=a_manifest(environment={"jdk": "21"}),
            missing={(f"m{i}", "no source"): i for i in range(1, 9)},
            quarantined=[a_quarantined_line(rule=f"rule {i}") for i in range(9)],
            baseline=BaselineCatalogue(
                entries={c.combination: a_baseline(combination=c.combination) for c in cells}
            ),
        )
    )
    assert len(text.splitlines()) <= 45
    assert max(map(len, text.splitlines())) < 600


def test_the_same_material_gives_the_same_text():
    assert executive_markdown(a_report_material()) == executive_markdown(a_report_material())


ANSWER = {
    "verdict": "regressed",
    "change": 0.42,
    "change_ci95": [0.31, 0.54],
    "degradation": 0.42,
    "p": 0.0004,
    "q": 0.0004,
    "n_baseline": 5,
    "n_current": 5,
}


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\\", "")


def test_a_suspicion_says_where_fresh_runs_are_asked_for():
    cell = a_cell(verdict=Verdict.SUSPECTED)
    verdict = a_verdict([cell], confirmation=ConfirmationState(asked=1))
    text = plain(executive_markdown(of_cells(verdict=verdict)))
    assert "may have got worse: fresh runs will tell." in text
    assert "**Confirmation**: Fresh runs are asked for of 1 suspected cell" in text
    assert f"as confirmations/{verdict.campaign}.json says" in text


def test_a_confirmed_cell_says_what_the_fresh_runs_said():
    cell = a_cell(decided_by="confirmation", explanation={"confirmation": ANSWER})
    verdict = a_verdict([cell], confirmation=ConfirmationState(asked=1, outcomes={"regressed": 1}))
    text = plain(executive_markdown(of_cells(verdict=verdict)))
    assert "Fresh runs decided 1 of 1 suspected cell: 1 regressed." in text
    assert "fresh runs 5 : 5 said +42 % [+31, +54] %" in text
    packed = re.search(r'id="data">(.*?)<', technical_html(of_cells(verdict=verdict)))[1]
    rows = plain(zlib.decompress(base64.b64decode(packed)).decode())
    assert "fresh runs 5 : 5 said +42 %" in rows


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({"a": 5, "b": 5}, "runs each 5 ·"),
        ({"a": 1, "b": 5}, "runs each 1 to 5 (5 promised) ·"),
        ({"a": 4, "b": 4}, "runs each 4 (5 promised) ·"),
        ({}, "runs each none of 5 promised ·"),
    ],
)
def test_runs_are_those_that_were_counted_and_not_those_that_were_promised(runs, said):
    material = dataclasses.replace(a_report_material(), runs=runs)
    assert said in executive_markdown(material)


def test_a_finding_of_one_combination_names_it():
    assert f"in {markdown_text(COMBINATION)}, 1 cell" in executive_markdown(
        of_cells(verdict=dataclasses.replace(a_verdict([a_cell()]), findings=(FAILED_LOAD_RUNS,)))
    )


def test_load_runs_that_failed_are_the_headline_where_nothing_else_got_worse():
    verdict = a_verdict([a_cell(verdict=Verdict.UNCHANGED)], findings=(FAILED_LOAD_RUNS,))
    verdict = dataclasses.replace(verdict, verdict=Verdict.REGRESSED)
    assert "**Load runs failed in 1 of 1 combination.**" in executive_markdown(
        of_cells(verdict=verdict)
    )


def test_combinations_that_did_not_land_are_the_headline_where_nothing_else_is():
    cells = [a_cell(verdict=Verdict.UNCHANGED), a_cell(combination="b", verdict=Verdict.NOT_RUN)]
    verdict = dataclasses.replace(a_verdict(cells), verdict=Verdict.NOT_RUN)
    text = executive_markdown(of_cells(verdict=verdict))
    assert "1 of 2 combinations did not land" in text
