"""What landed for a campaign, sorted by what it is."""

import random
from dataclasses import dataclass, replace

import pytest

from lm_assets.collect.landing.landed_objects import LandedCampaign, sort_landed_objects

CAMPAIGN = "ci-1"


@dataclass(frozen=True)
class Landed:
    """An object as a listing gives it."""

    key: str
    etag: str = "etag"
    size: int = 0


def sort(*paths: str) -> LandedCampaign:
    return sort_landed_objects(CAMPAIGN, [Landed(f"incoming/{CAMPAIGN}/{path}") for path in paths])


def names(objects: object) -> list[str]:
    prefix = f"incoming/{CAMPAIGN}/"
    return [item.key.removeprefix(prefix) for item in objects]  # type: ignore[attr-defined]


EVERYTHING = (
    "manifest.json",
    "_SUCCESS",
    "a_b/results.jsonl",
    "a_b/more.jsonl",
    "c_d/results.jsonl",
    "a_b/run-1/pods.json",
    "a_b/run-1/eventlog/eventlog_v2_app/events_1_app",
    "a_b/run-1/eventlog/eventlog_v2_app/appstatus_app",
    "c_d/run-1/eventlog/local-1.zstd",
)


def test_every_kind_of_object_is_told_apart() -> None:
    landed = sort(*EVERYTHING)
    assert landed.manifest is not None
    assert landed.is_complete
    assert [folder for folder, _ in landed.results] == ["a_b", "a_b", "c_d"]
    assert names(item for _, item in landed.results) == [
        "a_b/more.jsonl",
        "a_b/results.jsonl",
        "c_d/results.jsonl",
    ]
    assert names(landed.pod_snapshots.values()) == ["a_b/run-1/pods.json"]
    assert names(landed.event_logs["a_b", "run-1"]) == [
        "a_b/run-1/eventlog/eventlog_v2_app/appstatus_app",
        "a_b/run-1/eventlog/eventlog_v2_app/events_1_app",
    ]
    assert names(landed.event_logs["c_d", "run-1"]) == ["c_d/run-1/eventlog/local-1.zstd"]
    assert landed.refused == ()


def test_nothing_landed_is_an_open_campaign_of_nothing() -> None:
    assert sort() == LandedCampaign(campaign=CAMPAIGN)


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "results.jsonl",
        "a_b/",
        "a_b/notes.txt",
        "a_b/results.jsonl.gz",
        "a_b//results.jsonl",
        "a_b/run-1/eventlog",
        "a_b/run-1/eventlog/",
        "a_b/run-1/core.dump",
        "a_b/run-1/pods.json/x",
        "../other/results.jsonl",
        "a_b/../results.jsonl/x",
        "a_b/%2e%2e/../pods.json",
        "_SUCCESS/x",
        "a\nb/results.jsonl",
        "x" * 300 + "/results.jsonl",
    ],
)
def test_what_fits_nothing_is_refused_and_never_skipped(path: str) -> None:
    landed = sort("a_b/results.jsonl", path)
    ((item, refusal),) = landed.refused
    assert item.key == f"incoming/{CAMPAIGN}/{path}"
    assert refusal.rule
    assert refusal.detail
    assert len(landed.results) == 1
    assert not landed.is_complete


def test_every_object_is_in_exactly_one_place_whatever_order_it_came_in() -> None:
    paths = [*EVERYTHING, "notes.txt"]
    random.shuffle(paths)
    landed = sort(*paths)
    in_order = sort(*sorted(paths))
    assert replace(landed, refused=()) == replace(in_order, refused=())
    assert repr(landed.refused) == repr(in_order.refused)
    in_runs = [item for items in landed.event_logs.values() for item in items]
    placed = [
        *(item for _, item in landed.results),
        *in_runs,
        *landed.pod_snapshots.values(),
        *(item for item, _ in landed.refused),
    ]
    assert sorted([*names(placed), "manifest.json", "_SUCCESS"]) == sorted(paths)


@pytest.mark.parametrize(
    "marker",
    ["a_b_$folder$", "a_b/run-1_$folder$", "a_b/run-1/eventlog_$folder$"],
)
def test_an_empty_marker_of_a_folder_is_passed_over(marker: str) -> None:
    landed = sort(*EVERYTHING, marker)
    assert landed == sort(*EVERYTHING)


def test_what_is_named_like_a_marker_and_holds_something_is_refused() -> None:
    item = Landed(f"incoming/{CAMPAIGN}/a_b_$folder$", size=5)
    assert names(found for found, _ in sort_landed_objects(CAMPAIGN, [item]).refused) == [
        "a_b_$folder$"
    ]
