"""A campaign's manifest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.landing.manifest import MAX_MANIFEST_BYTES, assumed_manifest, parse_manifest
from lm_assets.model.campaign import Manifest, Stage, Subject
from lm_assets.model.errors import UnusableInputError


def parse(**fields: Any) -> Manifest:
    content = json.dumps({"stage": "nightly", **fields}).encode()
    return parse_manifest(content, campaign="nightly-1")


def test_a_full_manifest_is_read_whole() -> None:
    manifest = parse(
        campaign="nightly-1",
        priority="p1",
        created_at="2026-11-22T12:00:00Z",
        subject={
            "git_sha": "1a2b3c4",
            "version_labels": {"spark": "3.5.0"},
            "image_digests": {"executor": "sha256:0"},
        },
        environment={"cpu_model": "x"},
        runs_per_combination=5,
        expected_combinations=["a_b", "c_d"],
        notes="A/A",
        is_simulated=True,
    )
    assert manifest == Manifest(
        campaign="nightly-1",
        stage=Stage.NIGHTLY,
        priority="p1",
        created_at="2026-11-22T12:00:00Z",
        subject=Subject(
            git_sha="1a2b3c4",
            version_labels={"spark": "3.5.0"},
            image_digests={"executor": "sha256:0"},
        ),
        environment={"cpu_model": "x"},
        runs_per_combination=5,
        expected_combinations=("a_b", "c_d"),
        notes="A/A",
        is_simulated=True,
    )


def test_a_manifest_need_only_say_its_stage() -> None:
    assert parse() == Manifest(campaign="nightly-1", stage=Stage.NIGHTLY)


def test_an_environment_of_numbers_and_lists_becomes_text_that_compares() -> None:
    environment = {"cores": 4, "tuned": True, "disks": ["a", "b"], "nodes": {"b": 1, "a": 2}}
    assert parse(environment=environment).environment == {
        "cores": "4",
        "tuned": "true",
        "disks": '["a","b"]',
        "nodes": '{"a":2,"b":1}',
    }


def test_an_environment_of_null_is_none() -> None:
    assert parse(environment=None).environment == {}


def test_fields_that_the_platform_does_not_know_are_ignored() -> None:
    assert parse(color="red") == parse()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "a list stands in the file"),
        (b'"nightly"', "a str stands in the file"),
        (b"{}", "stage"),
        (b'{"stage": "daily"}', "stage"),
        (b'{"stage": 1}', "stage"),
        (b'{"stage": "ci", "campaign": "ci-2"}', "speaks of 'ci-2'"),
        (b'{"stage": "ci", "campaign": 7}', "campaign"),
        (b'{"stage": "ci", "runs_per_combination": 0}', "must be 1 or above"),
        (b'{"stage": "ci", "runs_per_combination": "5"}', "runs_per_combination"),
        (b'{"stage": "ci", "expected_combinations": "a_b"}', "expected_combinations"),
        (b'{"stage": "ci", "environment": ["x"]}', "environment"),
        (b'{"stage": "ci", "environment": false}', "environment"),
        (b'{"stage": "ci", "environment": {"x": NaN}}', "not_finite"),
        (b'{"stage": "ci", "subject": {"git_sha": 1}}', "git_sha"),
        (b'{"stage": "ci", "stage": "weekly"}', "duplicate_field"),
        (rb'{"stage": "ci", "notes": "\ud800"}', "unstorable_text"),
        (b'{"stage": "ci", "environment": ' + b"[" * 100_000, "too_deep"),
        (b" " * (MAX_MANIFEST_BYTES + 1), f"at most {MAX_MANIFEST_BYTES}"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_with_the_reason(
    content: bytes, message: str
) -> None:
    with pytest.raises(UnusableInputError, match=message) as caught:
        parse_manifest(content, campaign="nightly-1")
    assert caught.value.rule == "manifest"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELD_NAMES = st.sampled_from(
    [
        *("campaign", "stage", "priority", "created_at", "subject", "environment", "notes"),
        *("runs_per_combination", "expected_combinations", "is_simulated", "other"),
    ]
)


def rule_broken_by(content: bytes) -> str | None:
    """The rule a manifest breaks, or None when it is used; other errors fail the test."""
    try:
        parse_manifest(content, campaign="nightly-1")
    except UnusableInputError as refused:
        return refused.rule
    return None


@given(st.binary(max_size=200))
def test_any_bytes_are_either_used_or_refused(content: bytes) -> None:
    assert rule_broken_by(content) in {None, "manifest"}


@given(st.dictionaries(FIELD_NAMES, JSON_VALUES))
def test_any_fields_are_either_used_or_refused(fields: dict[str, Any]) -> None:
    content = json.dumps({"stage": "ci", **fields}).encode()
    assert rule_broken_by(content) in {None, "manifest"}


@pytest.mark.parametrize(
    ("campaign", "stage"),
    [
        ("ci-2026-11-22-1a2b3c4", Stage.CI),
        ("weekly-2026", Stage.WEEKLY),
        ("nightly-1", Stage.NIGHTLY),
        ("ci", Stage.CI),
        ("citadel-1", Stage.NIGHTLY),
        ("release", Stage.NIGHTLY),
        ("CI-1", Stage.NIGHTLY),
    ],
)
def test_a_campaign_without_a_manifest_is_judged_as_its_name_says_else_as_nightly(
    campaign: str, stage: Stage
) -> None:
    manifest = assumed_manifest(campaign)
    assert (manifest.campaign, manifest.stage) == (campaign, stage)
    assert manifest.notes == "no manifest was delivered"
    assert manifest.expected_combinations == ()
