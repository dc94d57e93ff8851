"""The pull-request text of a planned change: what it must say, and what it must not let through."""

import dataclasses
import re

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.regression.baselines import initial_entries
from lm_assets.regression.baselines.proposal import proposal_markdown
from lm_assets_tests.builders import COMBINATION, a_metric_catalogue
from lm_assets_tests.regression.baselines.test_baseline_change import (
    NOW,
    POLICY,
    SOUND,
    catalogue_of,
    plan,
    runs,
)


def text_of(made, before=None):
    return proposal_markdown(
        made,
        before=catalogue_of() if before is None else before,
        metrics=a_metric_catalogue(),
        policy=POLICY,
    )


def test_the_evidence_comes_first_and_counts_what_was_compared():
    text = text_of(plan(runs(SOUND)))
    assert text.startswith("# Baselines: 1 changed, 0 new\n")
    assert "**Unacknowledged slow-downs accepted: 0**" in text
    assert "Judged metrics compared with the baseline they replace: 2" in text
    assert f"Largest accepted move below it, relative: `duration_s` of `{COMBINATION}`" in text


def test_an_acknowledged_loss_names_its_finding():
    text = text_of(plan(runs(v * 1.3 for v in SOUND), acknowledged={"duration_s": "PERF-12"}))
    assert "1 accepted, each with an acknowledged finding; 0 refused" in text
    assert re.search(r"Acknowledged: `duration_s` of .* 32\.1% worse than the baseline", text)
    assert "PERF\\-12" in text


def test_a_refused_loss_is_listed_and_nothing_changes():
    text = text_of(plan(runs(v * 1.3 for v in SOUND)))
    assert text.startswith("# Baselines: 0 changed, 0 new\n")
    assert "0 accepted, each with an acknowledged finding; 1 refused for want of one" in text
    assert "Nothing changes" in text
    assert f"- `{COMBINATION}` `duration_s`: `unacknowledged_loss`:" in text


def test_the_power_of_old_and_new_baselines_stands_side_by_side():
    noisy = [10.0, 12.0, 11.0, 13.0, 11.5]
    (row,) = re.findall(r"^\| `duration_s` \| 1 \| .*$", power_section(plan(runs(noisy))), re.M)
    before, after, worst = (float(cell) for cell in re.findall(r"\+([\d.]+)%", row))
    assert before < 10 < after == worst


def power_section(made):
    return text_of(made).partition("## What the baselines can detect")[2].partition("\n## ")[0]


def test_a_new_combination_has_no_power_before():
    made = plan(runs(SOUND), catalogue=BaselineCatalogue())
    text = text_of(made, before=BaselineCatalogue())
    assert text.startswith("# Baselines: 0 changed, 1 new\n")
    assert re.search(r"\| `duration_s` \| 1 \| – \| \+\d", text)


def test_rejected_runs_are_listed_with_why():
    failed = dataclasses.replace(runs([99.0])[0], run_id="run-9", exit_code=143)
    text = text_of(plan([*runs(SOUND), failed]))
    assert "## Rejected runs: 1" in text
    assert "the run failed with exit code 143" in text


def test_nothing_from_outside_is_read_as_markup():
    hostile = "](javascript:x) <img src=x onerror=1> | `code` **bold**\n# title @everyone"
    text = text_of(plan(runs(SOUND), reason=hostile))
    (line,) = [line for line in text.splitlines() if line.startswith("Reason: ")]
    bare = re.sub(r"\\.", "", line.removeprefix("Reason:"))
    assert not re.search(r"[<>|`*#\[\]()@]", bare)
    assert not any(line.startswith("# title") for line in text.splitlines())


def test_a_long_proposal_says_how_much_it_leaves_out():
    records = [
        dataclasses.replace(record, combination=f"combination-{k}")
        for k in range(100)
        for record in runs(SOUND)
    ]
    before = BaselineCatalogue(entries=initial_entries(records, now=NOW, reason="first")[0])
    text = text_of(plan(records, catalogue=before), before=before)
    assert "… and 140 smaller moves; the YAML has them all." in text
    assert len(text) < 65_536
