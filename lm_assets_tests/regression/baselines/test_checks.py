import dataclasses
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lm_assets.gateways.configuration import shipped_metrics
from lm_assets.model.baseline import BaselineCatalogue, BaselineStatus
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.checks import check_catalogue
from lm_assets.regression.baselines.create import anchor_of
from lm_assets_tests.builders import (
    COMBINATION,
    ENVIRONMENT,
    a_baseline,
    a_metric_baseline,
    a_metric_catalogue,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ODD = {"duration_s": a_metric_baseline((12.3, 12.5, 19.9, 12.6, 12.2))}


def pinned(entry):
    return dataclasses.replace(entry, anchor=anchor_of(entry))


def remarks(*entries, **changes):
    return remarks_as_they_are(*map(pinned, entries), **changes)


def remarks_as_they_are(*entries, **changes):
    arguments = {
        "now": NOW,
        "combinations": {COMBINATION},
        "metrics": a_metric_catalogue(),
        "policy": StagePolicy(),
        "recent_environments": {COMBINATION: ENVIRONMENT},
    }
    catalogue = BaselineCatalogue(entries={entry.combination: entry for entry in entries})
    return check_catalogue(catalogue, **{**arguments, **changes})


def test_there_is_nothing_to_say_of_a_sound_baseline():
    assert remarks(a_baseline()) == []


@pytest.mark.parametrize(
    ("changes", "severity", "rule", "detail"),
    [
        ({"updated_at": "2026-08-01T00:00:00Z"}, "warning", "stale", "113 days ago"),
        ({"updated_at": "2026-11-23T00:00:00Z"}, "error", "future", "lies ahead"),
        ({"sample_size": 3}, "warning", "too_few_runs", "3 runs, 5 needed"),
        ({"metrics": ODD}, "warning", "outliers", "value 3 = 19.9 s"),
        ({"metrics": ODD, "allowed_guards": {"outliers": "x"}}, "note", "outliers", "(allowed"),
        ({"combination": "gone"}, "warning", "unknown_combination", "no such combination"),
        ({"metrics": {"old": a_metric_baseline()}}, "warning", "unknown_metric", "no metric old"),
        (
            {"environment": {**ENVIRONMENT, "jdk": "11.0.2"}},
            "warning",
            "environment",
            "jdk '11.0.2' → '17.0.12'",
        ),
    ],
    ids=[
        "stale",
        "in the future",
        "few runs",
        "outlier",
        "outlier that was allowed",
        "not in the matrix",
        "metric not in the catalogue",
        "other environment",
    ],
)
def test_what_is_wrong_is_named(changes, severity, rule, detail):
    found = [r for r in remarks(a_baseline(**changes)) if r.rule == rule]
    assert [r.severity for r in found] == [severity]
    assert detail in found[0].detail


@pytest.mark.parametrize(
    ("accepted", "recent", "said"),
    [
        ((), {"prometheus"}, "measured by prometheus, and nobody says by what its samples were"),
        (("prometheus",) * 5, {""}, "measured by prometheus, and nobody says by what recent runs"),
        ((), {""}, None),
        (("prometheus",) * 5, {"prometheus"}, None),
    ],
)
def test_a_source_that_only_samples_or_only_recent_runs_name_is_told(accepted, recent, said):
    metric = replace(a_metric_baseline(), sources=accepted)
    found = remarks(
        a_baseline(metrics={"duration_s": metric}),
        recent_sources={COMBINATION: {"duration_s": recent}},
    )
    told = [r.detail for r in found if r.rule == "source_unknown"]
    assert [said in detail for detail in told] == ([True] if said else [])


@pytest.mark.parametrize(
    ("metric", "value", "rule"),
    [
        ("gc_time_pct", 250.0, "from 0 to 100 %; got 250"),
        ("failed_tasks", 2.5, "whole number"),
        ("failed_tasks", 9e18, "to 2^53"),
        ("shuffle_spill_pct", 9e17, "from 0 to 1e+09 %"),
        ("duration_s", -5.0, "above zero, got -5"),
    ],
)
def test_a_sample_that_the_metric_cannot_have_is_a_data_fault(metric, value, rule):
    held = a_metric_baseline((3.0, 3.0, 4.0, 3.0, value))
    found = remarks(a_baseline(metrics={metric: held}), metrics=shipped_metrics())
    told = [r.detail for r in found if (r.severity, r.rule) == ("error", "data_fault")]
    assert told[0].startswith(f"{metric}: ")
    # Of an anchor without a logarithm it is told that the loss since cannot be known.
    assert [detail.startswith("the anchor's ") for detail in told[1:]] == [True] * (value > 0.0)
    assert all(rule in detail for detail in told)


def test_the_day_of_staleness_can_be_set():
    assert remarks(a_baseline(), maximum_age_days=21) == []
    assert [r.rule for r in remarks(a_baseline(), maximum_age_days=20)] == ["stale"]


def test_a_retired_baseline_is_left_in_peace():
    assert remarks(a_baseline(status=BaselineStatus.RETIRED, metrics=ODD, sample_size=1)) == []


def test_combinations_without_a_baseline_are_counted_once():
    (remark,) = remarks(a_baseline(), combinations={COMBINATION, "a", "b", "c", "d"})
    assert remark.severity == "note"
    assert remark.detail == "4 combinations of the matrix have no baseline: a, b, c, …"


def test_an_entry_that_has_lost_its_anchor_is_told():
    (remark,) = remarks_as_they_are(a_baseline())
    assert (remark.severity, remark.rule) == ("warning", "lost_anchor")
    assert "no anchor: drift cannot be seen" in remark.detail


def test_a_judged_metric_that_the_anchor_lacks_is_told():
    entry = pinned(a_baseline())
    anchor = dataclasses.replace(entry.anchor, samples={})
    (remark,) = remarks_as_they_are(dataclasses.replace(entry, anchor=anchor))
    assert (remark.rule, remark.detail) == (
        "lost_anchor",
        "the anchor has no duration_s: their drift cannot be seen",
    )


@pytest.mark.parametrize(
    ("anchored", "detail"),
    [
        ((6.1, 6.2, 6.3, 6.2, 6.25), "duration_s: 98.1% worse than anchor, and nobody"),
        ((-1.0, 12.0), "duration_s: cannot be compared: a value of a ratio metric is not above"),
    ],
    ids=["written by hand", "an anchor that blinds"],
)
def test_a_loss_since_the_anchor_that_nobody_acknowledged_is_an_error(anchored, detail):
    entry = pinned(a_baseline())
    anchor = dataclasses.replace(entry.anchor, samples={"duration_s": anchored})
    (remark,) = remarks_as_they_are(dataclasses.replace(entry, anchor=anchor))
    assert (remark.severity, remark.rule) == ("error", "unacknowledged_loss")
    assert remark.detail.startswith(detail)


def test_noise_that_would_hide_a_very_large_rise_is_told():
    metrics = {"duration_s": a_metric_baseline((12.0, 12.1, 12.2, 30.0, 31.0))}
    (remark,) = remarks(a_baseline(metrics=metrics))
    assert (remark.severity, remark.rule) == ("warning", "insensitive")
    assert "as many new ones would not show a rise of 150%" in remark.detail
