"""Keys are built from validated ids only, and incoming keys are taken apart or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.object_keys import IncomingKind, parse_incoming_key
from lm_assets.model.campaign import confirmation_campaign
from lm_assets.model.errors import UnusableInputError

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATION = "3.5.0_connect_kubernetes_iceberg+rapids_read_1gb"
HOSTILE = {
    "parent": "../x",
    "dots": "..",
    "dots_inside": "a..b",
    "newline": "a\nb",
    "trailing_newline": "abc\n",
    "null": "a\0b",
    "slash": "a/b",
    "backslash": "a\\b",
    "percent_encoded": "%2e%2e",
    "too_long": "n" * 2000,
    "just_too_long": "n" * 201,
    "empty": "",
    "hidden": ".a",
    "dash_first": "-rf",
    "space": "a b",
    "quote": "a'b",
    "markup": "<script>",
    "other_digits": "١٢٣",
    "right_to_left": "a\u202eb",
    "surrogate": "a\udc80",
}
every_hostile_name = pytest.mark.parametrize(
    "name", [pytest.param(value, id=label) for label, value in HOSTILE.items()]
)
BUILDERS = [
    object_keys.incoming_prefix,
    object_keys.manifest_key,
    object_keys.success_key,
    object_keys.raw_prefix,
    object_keys.summaries_key,
    object_keys.verdicts_key,
    object_keys.reports_prefix,
    object_keys.quarantine_prefix,
    object_keys.confirmation_request_key,
    object_keys.confirmation_runs_prefix,
    lambda combination: object_keys.confirmation_runs_key(CAMPAIGN, combination),
    lambda campaign: object_keys.report_key(campaign, "executive.md"),
    lambda campaign: object_keys.raw_key(campaign, COMBINATION),
    lambda combination: object_keys.raw_key(CAMPAIGN, combination),
    lambda combination: object_keys.result_key(CAMPAIGN, combination),
    lambda name: object_keys.result_key(CAMPAIGN, COMBINATION, name),
    lambda run: object_keys.run_file_key(CAMPAIGN, COMBINATION, run),
]


@every_hostile_name
@pytest.mark.parametrize("build", BUILDERS)
def test_no_key_is_built_from_a_hostile_name(build, name):
    with pytest.raises(UnusableInputError, match="_id: "):
        build(name)


@every_hostile_name
def test_a_refusal_is_one_short_printable_line(name):
    with pytest.raises(UnusableInputError) as refusal:
        object_keys.validated_id("campaign", name)
    assert refusal.value.rule == "campaign_id"
    assert str(refusal.value).replace("…", "").isascii()
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 700


def test_the_layout_is_the_documented_one():
    assert object_keys.manifest_key("c1") == "incoming/c1/manifest.json"
    assert object_keys.success_key("c1") == "incoming/c1/_SUCCESS"
    assert object_keys.result_key("c1", "x_y", "part-1") == "incoming/c1/x_y/part-1.jsonl"
    assert object_keys.run_file_key("c1", "x_y", "r1") == "incoming/c1/x_y/r1/pods.json"
    assert object_keys.raw_key("c1", "x_y") == "raw/c1/x_y.jsonl"
    assert object_keys.confirmation_request_key("c1") == "confirmations/c1.json"
    assert object_keys.confirmation_runs_key("c1", "x_y") == "confirmations/c1/x_y.jsonl"
    assert object_keys.summaries_key("c1") == "aggregated/c1/summaries.jsonl"
    assert object_keys.verdicts_key("c1") == "aggregated/c1/verdicts.jsonl"
    assert object_keys.report_key("c1", "detailed.pdf") == "reports/c1/detailed.pdf"
    assert object_keys.quarantine_prefix("c1") == "quarantine/c1/"


def test_a_report_has_one_of_four_names():
    with pytest.raises(ValueError, match=r"executive\.md"):
        object_keys.report_key(CAMPAIGN, "../x")


@pytest.mark.parametrize(
    ("rest", "kind", "name", "combination", "run_id"),
    [
        ("manifest.json", IncomingKind.MANIFEST, "manifest.json", None, None),
        ("_SUCCESS", IncomingKind.SUCCESS, "_SUCCESS", None, None),
        (
            f"{COMBINATION}/a b.jsonl",
            IncomingKind.RESULTS,
            "a b.jsonl",
            COMBINATION,
            None,
        ),
        (f"{COMBINATION}/r-1/pods.json", IncomingKind.RUN_FILE, "pods.json", COMBINATION, "r-1"),
        (f"{COMBINATION}/r/ev/e.zstd", IncomingKind.RUN_FILE, "ev/e.zstd", COMBINATION, "r"),
    ],
    ids=["manifest", "success", "results", "pods", "event_log_folder"],
)
def test_an_incoming_key_is_taken_apart(rest, kind, name, combination, run_id):
    key = f"incoming/{CAMPAIGN}/{rest}"
    parsed = parse_incoming_key(key)
    assert (parsed.key, parsed.campaign) == (key, CAMPAIGN)
    assert (parsed.kind, parsed.name) == (kind, name)
    assert (parsed.combination, parsed.run_id) == (combination, run_id)


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (f"raw/{CAMPAIGN}/manifest.json", "unexpected_object"),
        ("incoming/stray.jsonl", "unexpected_object"),
        (f"incoming/{CAMPAIGN}/other.json", "unexpected_object"),
        (f"incoming/{CAMPAIGN}/{COMBINATION}/notes.txt", "unexpected_object"),
        ("incoming/../x/manifest.json", "campaign_id"),
        ("incoming/%2e%2e/manifest.json", "campaign_id"),
        ("incoming//manifest.json", "campaign_id"),
        (f"incoming/{CAMPAIGN}/../r.jsonl", "combination_id"),
        (f"incoming/{CAMPAIGN}/a\nb/r.jsonl", "combination_id"),
        (f"incoming/{CAMPAIGN}/{'n' * 2000}/r.jsonl", "combination_id"),
        (f"incoming/{CAMPAIGN}/{COMBINATION}/a\nb.jsonl", "file_name"),
        (f"incoming/{CAMPAIGN}/{COMBINATION}/../pods.json", "run_id"),
        (f"incoming/{CAMPAIGN}/{COMBINATION}/r1/../pods.json", "file_name"),
    ],
)
def test_an_incoming_key_that_breaks_a_rule_is_refused_by_its_name(key, rule):
    with pytest.raises(UnusableInputError) as refusal:
        parse_incoming_key(key)
    assert refusal.value.rule == rule


@given(st.text(max_size=300))
def test_any_key_is_taken_apart_or_refused_and_never_an_accident(rest):
    try:
        parsed = parse_incoming_key("incoming/" + rest)
    except UnusableInputError:
        return
    assert ".." not in parsed.campaign
    assert parsed.key == "incoming/" + rest


@given(st.text(max_size=300), st.text(max_size=300))
def test_quarantine_keys_are_safe_and_distinct_for_every_source(first, second):
    stems = {object_keys.quarantine_stem("c1", key) for key in {first, second}}
    assert len(stems) == len({first, second})
    for stem in stems:
        folder, _, name = stem.rpartition("/")
        assert folder == "quarantine/c1"
        assert name.isascii()
        assert name.isprintable()
        assert ".." not in name
        assert len(name) < 150


def test_a_quarantine_key_can_be_read_by_a_person():
    stem = object_keys.quarantine_stem("c1", "incoming/c1/x_y/part-1.jsonl")
    assert stem.startswith("quarantine/c1/x_y-part-1-")


@every_hostile_name
def test_what_lies_under_no_usable_campaign_has_a_quarantine_of_its_own(name):
    key = f"incoming/{name}/x/r.jsonl"
    campaign = object_keys.campaign_of(key)
    assert object_keys.quarantine_stem(campaign, key).startswith("quarantine/")
    if campaign is None:
        assert object_keys.quarantine_stem(None, key).startswith("quarantine/_unknown/")


def test_the_campaign_of_a_key_of_any_prefix_is_found():
    assert object_keys.campaign_of("incoming/c1/a/b.jsonl") == "c1"
    assert object_keys.campaign_of("raw/c1/a.jsonl") == "c1"
    assert object_keys.campaign_of("incoming/stray.jsonl") is None
    assert object_keys.campaign_of("incoming/../a/b") is None


def test_every_campaign_id_leaves_room_for_the_name_of_its_confirmation():
    longest = "n" * 192
    assert object_keys.validated_id("campaign", longest)
    assert object_keys.validated_id("campaign", confirmation_campaign(longest))
    with pytest.raises(UnusableInputError, match="1 to 192"):
        object_keys.validated_id("campaign", "n" * 193)
    assert object_keys.validated_id("combination", "n" * 200)
