"""What is said of applications that were recorded with one thing changed, on a busy machine.

Each file holds the profiles of one axis (Spark 4.0.5; two to four changed runs against at least
four), with the settings that matter and no others.
"""

from itertools import combinations
from pathlib import Path

import msgspec
import pytest
import zstandard

from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.regression.causes.explain import explain_change

RECORDED = Path(__file__).parent / "recorded"
AXES = sorted(path.name.removesuffix(".json.zst") for path in RECORDED.glob("*.json.zst"))


class Sides(msgspec.Struct):
    baseline: list[ApplicationProfile]
    current: list[ApplicationProfile]


def recorded(axis: str) -> Sides:
    packed = (RECORDED / f"{axis}.json.zst").read_bytes()
    return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed), type=Sides)


@pytest.mark.parametrize(
    ("axis", "kind", "said"),
    [
        ("adaptive_execution_off", "tasks", "spark.sql.adaptive.enabled not set → false"),
        ("copies_on_another_host", "speculation", "speculative copies of tasks 0 → 2"),
        ("many_small_files", "files", "files read 2 → 80"),
        ("rdd_no_longer_cached", "cache", "data is no longer cached: map (memory)"),
        ("scala_function", "plan_changed", "now calls clean() in place of concat(), upper()"),
        ("slow_host", "slow_host", "127.0.0.3 is slow"),
    ],
)
def test_what_was_changed_is_the_first_cause_and_the_only_one(axis, kind, said):
    sides = recorded(axis)
    (cause,) = explain_change(sides.baseline, sides.current).causes
    assert cause.kind == kind
    assert said in cause.statement
    (bare,) = explain_change(sides.baseline, sides.current, hide_settings=True).causes
    assert bare.kind == kind


@pytest.mark.parametrize("axis", AXES)
def test_runs_of_one_side_against_each_other_have_no_cause(axis):
    runs = recorded(axis).baseline
    for chosen in combinations(range(len(runs)), 3):
        before = [runs[n] for n in chosen]
        now = [run for n, run in enumerate(runs) if n not in chosen]
        found = explain_change(before, now)
        assert (found.causes, found.counters, found.plans) == ((), (), ())


@pytest.mark.parametrize("axis", AXES)
def test_the_bars_sum_to_the_change(axis):
    sides = recorded(axis)
    found = explain_change(sides.baseline, sides.current)
    assert sum(part.change_s for part in found.parts) == pytest.approx(found.change.change_s)
