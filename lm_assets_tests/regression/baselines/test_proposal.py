"""The pull-request text of a planned change: what it must say, and what it must not let through."""

import dataclasses
import re

import pytest

from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.errors import DataFaultError
from lm_assets.regression.baselines import initial_entries
from lm_assets.regression.baselines.proposal import propose
from lm_assets.regression.baselines.proposal_text import proposal_markdown
from lm_assets_tests.builders import COMBINATION, a_metric_catalogue
from lm_assets_tests.regression.baselines.test_change import (
    LATER,
    NOW,
    POLICY,
    SOUND,
    acknowledging,
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
    made = plan(runs(v * 1.3 for v in SOUND), **acknowledging(duration_s="PERF-12"))
    text = text_of(made)
    assert "1 accepted, 0 refused for want of an acknowledged finding" in text
    assert re.search(
        r"Acknowledged: `duration_s` of .* 32\.1% worse than baseline and anchor "
        r"\(PERF-12, by Jo .*: a new release\)",
        text,
    )


def test_unacknowledged_slow_downs_are_counted_not_asserted():
    made = plan(runs(v * 1.3 for v in SOUND), **acknowledging(duration_s="PERF-12"))
    (change,) = made.changes
    unsigned = dataclasses.replace(change.new, acknowledged_findings={})
    broken = dataclasses.replace(made, changes=(dataclasses.replace(change, new=unsigned),))
    assert "**Unacknowledged slow-downs accepted: 1**" in text_of(broken)


def test_a_refused_loss_is_listed_and_nothing_changes():
    text = text_of(plan(runs(v * 1.3 for v in SOUND)))
    assert text.startswith("# Baselines: 0 changed, 0 new\n")
    assert "0 accepted, 1 refused for want of an acknowledged finding" in text
    assert "Nothing changes: everything that is due is refused" in text
    assert "### `unacknowledged_loss` in 1" in text
    assert f"- `{COMBINATION}`: duration_s: 32.1% worse than baseline and anchor" in text


def test_what_is_said_of_many_combinations_is_said_once():
    records = [
        dataclasses.replace(record, combination=f"combination-{k}", environment={"jdk": "21"})
        for k in range(5)
        for record in runs(SOUND)
    ]
    entries = {
        f"combination-{k}": dataclasses.replace(
            catalogue_of().entries[COMBINATION], combination=f"combination-{k}"
        )
        for k in range(5)
    }
    before = BaselineCatalogue(entries=entries)
    text = text_of(plan(records, catalogue=before), before=before)
    assert text.count("since the last baseline") == 1
    assert "`combination-0`, `combination-1`, `combination-2` and 2 more: changed" in text


def test_a_proposal_says_why_each_change_is_due():
    text = text_of(plan(runs(v * 0.7 for v in SOUND), only_due=True))
    assert f"- better by more than the threshold: duration_s: `{COMBINATION}`" in text


def test_a_proposal_with_nothing_due_says_so_and_counts():
    text = text_of(plan(runs(SOUND), only_due=True))
    assert "- Not due, still serving: 1" in text
    assert "- Nothing changes: nothing is due" in text


class TestPropose:
    def propose(self, records):
        return propose(
            records, catalogue=catalogue_of(), metrics=a_metric_catalogue(), policy=POLICY
        )

    def test_the_same_runs_give_the_same_documents_in_any_order(self):
        records = runs(v * 0.7 for v in SOUND)
        assert self.propose(records) == self.propose(records[::-1])

    def test_it_is_dated_with_the_newest_run_and_names_the_campaign(self):
        (change,) = self.propose(runs(v * 0.7 for v in SOUND)).plan.changes
        newest = max(r.ended_at for r in runs(SOUND))
        assert change.new.updated_at == newest.isoformat(timespec="seconds")
        assert change.new.reason == f"proposed from {LATER}"

    def test_runs_without_any_time_cannot_be_dated(self):
        with pytest.raises(DataFaultError, match="says when it ran"):
            self.propose(
                [dataclasses.replace(r, started_at=None, ended_at=None) for r in runs(SOUND)]
            )


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
    hostile = "](javascript:x) http://x <img src=x onerror=1> | `code` **bold**\n# title @everyone"
    text = text_of(plan(runs(SOUND), reason=hostile))
    (line,) = [line for line in text.splitlines() if line.startswith("- Reason: ")]
    bare = re.sub(r"\\.", "", line.removeprefix("- Reason:"))
    assert not re.search(r"[<>|`*#\[\]@]|://", bare)
    assert not any(line.startswith("# title") for line in text.splitlines())


def test_a_long_proposal_says_how_much_it_leaves_out():
    def of_many(factor):
        return [
            dataclasses.replace(record, combination=f"combination-{k}")
            for k in range(100)
            for record in runs(v * factor for v in SOUND)
        ]

    before = BaselineCatalogue(entries=initial_entries(of_many(1.0), now=NOW, reason="first")[0])
    text = text_of(plan(of_many(1.01), catalogue=before), before=before)
    assert "… and 140 that moved less or not at all; the YAML has them all." in text
    assert len(text) < 65_536
