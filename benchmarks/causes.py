"""Causes: right ones in the changed campaign, none in A/A, and what it costs.

    python -m benchmarks.causes [--splits 200] [--json]

The recorded campaigns of the demo: each changed combination against its baseline, with settings
known and with settings hidden; then the ten A/A runs of each combination (baseline and same),
divided into five against five again and again, and five against one for exact behaviour. The
right answers are those of demo/settings.py, told by kind of cause and by setting.
"""

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path

from lm_assets.collect.spark.behaviour import behaviour_of
from lm_assets.collect.spark.event_log import local_event_log_parts, read_event_log
from lm_assets.collect.spark.profile_document import profile_document
from lm_assets.model.baseline import Baseline, BaselineStatus
from lm_assets.model.behaviour import exact_behaviour
from lm_assets.model.record import RunRecord, SourceObject
from lm_assets.regression.causes.explain import explain_change
from lm_assets.regression.verdict.behaviour import behaviour_findings

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "demo"))
CAMPAIGN = "nightly-2026-11-23"
# What was done, as the applications show it when nothing is known of their settings.
RIGHT_KINDS = {
    "adaptive execution and broadcast joins off": {"plan_changed"},
    "100 shuffle partitions": {"tasks"},
    "2 % of the heap": {"spill"},
    "at most 2,000 rows in a file": {"files"},
    "vectorized Parquet reader on": {"plan_changed"},
    "Parquet written with snappy": {"output_volume"},
}


def read(kind, combination):
    folder = PROJECT / "demo" / "campaigns" / f"{CAMPAIGN}-{kind}" / combination
    logs = [next(run.iterdir()) for run in sorted(folder.glob("run-*/eventlog"))]
    return [read_event_log(local_event_log_parts(log)) for log in logs]


def record(profile):
    return RunRecord(
        campaign="",
        combination="x",
        dimensions={},
        run_id=profile.app_id,
        started_at=None,
        ended_at=None,
        source_object=SourceObject(key="", etag="", line=1),
        extra={"behaviour": behaviour_of(profile)},
    )


def behaviour_changed(baseline, current):
    entry = Baseline(
        combination="x",
        status=BaselineStatus.ACTIVE,
        sample_size=len(baseline),
        created_at="",
        updated_at="",
        source_campaigns=(),
        reason="",
        behaviour=exact_behaviour([record(profile) for profile in baseline]),
    )
    return len(behaviour_findings([record(profile) for profile in current], {"x": entry}))


def changed(profiles, changes):
    named = hidden = behaviours = 0
    spent = []
    for combination, change in changes.items():
        kinds = next(k for text, k in RIGHT_KINDS.items() if change.what.startswith(text))
        sides = profiles["baseline", combination], profiles["changed", combination]
        begun = time.perf_counter()
        told = explain_change(*sides)
        spent.append(time.perf_counter() - begun)
        first = told.causes[0] if told.causes else None
        settings = {s.name for s in told.settings if s.relation == "explains"}
        named += first is not None and first.kind in kinds and settings == set(change.settings)
        bare = explain_change(*sides, hide_settings=True)
        hidden += bool(bare.causes) and bare.causes[0].kind in kinds
        behaviours += behaviour_changed(sides[0], sides[1][:1])
    return {
        "changed_combinations": len(changes),
        "right_cause_first": named,
        "right_cause_first_settings_hidden": hidden,
        "behaviour_changed_at_one_run": behaviours,
        "seconds_a_combination": round(statistics.median(spent), 3),
    }


def same(profiles, combinations, splits):
    chance = random.Random(20261129)
    causes = counters = behaviours = 0
    matched = 1.0
    for combination in combinations:
        runs = profiles["baseline", combination] + profiles["same", combination]
        for _ in range(splits):
            order = chance.sample(runs, k=len(runs))
            told = explain_change(order[:5], order[5:])
            causes += len(told.causes)
            counters += len(told.counters) + len(told.plans)
            behaviours += behaviour_changed(order[:5], order[5:])
            behaviours += behaviour_changed(order[:5], order[5:6])
            matched = min(matched, told.coverage_by_kind.get("matched", 0.0))
    return {
        "a_a_trials": splits * len(combinations),
        "a_a_causes": causes,
        "a_a_counters_or_plans_changed": counters,
        "a_a_behaviour_changed": behaviours,
        "a_a_least_matched_run_time": round(matched, 4),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    import settings

    folder = PROJECT / "demo" / "campaigns" / f"{CAMPAIGN}-same"
    combinations = sorted(path.name for path in folder.iterdir() if path.is_dir())
    read_all = {
        (kind, combination): read(kind, combination)
        for kind in ("baseline", "same", "changed")
        for combination in combinations
    }
    profiles = {key: [run.profile for run in runs] for key, runs in read_all.items()}
    largest = max(len(profile_document(run)) for runs in read_all.values() for run in runs)
    figures = {
        **changed(profiles, settings.CHANGES),
        **same(profiles, combinations, asked.splits),
        "largest_profile_bytes": largest,
    }
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:40} {figure}")
    is_right = figures["right_cause_first"] == len(settings.CHANGES)
    is_quiet = not (figures["a_a_causes"] or figures["a_a_behaviour_changed"])
    return 0 if is_right and is_quiet else 1


if __name__ == "__main__":
    sys.exit(main())
