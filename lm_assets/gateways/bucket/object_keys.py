"""The layout of the bucket: keys are built only here and in `index_keys`, from validated ids."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from lm_assets.gateways.object_store.quoting import quoted
from lm_assets.model.campaign import CONFIRMATION_SUFFIX
from lm_assets.model.errors import UnusableInputError

INCOMING = "incoming/"
RAW = "raw/"
AGGREGATED = "aggregated/"
REPORTS = "reports/"
PROPOSALS = "proposals/"
QUARANTINE = "quarantine/"
CONFIRMATIONS = "confirmations/"
PROFILES = "profiles/"
# What the shards of a run have read; of no use once that run has ended.
SHARDS = "shards/"
# What runs print; Dagster itself writes it there (deploy/dagster/dagster.yaml).
COMPUTE_LOGS = "compute-logs/"
ALERT_STATES = "alerts/states/"
ALERT_EVENTS = "alerts/events/"

REPORT_NAMES = ("executive.md", "technical.html", "detailed.pdf", "raw.jsonl")
PROPOSED_CATALOGUE = "load-test-baselines.yaml"
PROPOSED_BEHAVIOUR = "load-test-behaviour.yaml"
PROPOSAL_TEXT = "pull-request.md"
MANIFEST_NAME = "manifest.json"
SUCCESS_NAME = "_SUCCESS"
PODS_NAME = "pods.json"
PROFILE_SUFFIX = ".json.zst"
PROFILE_NAME = f"profile{PROFILE_SUFFIX}"

MAX_KEY_BYTES = 1024
# No valid campaign can have this name, so its quarantine never mixes with a campaign's own.
NO_CAMPAIGN = "_unknown"

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,199}"
_ID = re.compile(ID_PATTERN, re.ASCII)
_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f/\\]{1,255}")
# Every campaign's id leaves room for the suffix under which its fresh runs land.
_CAMPAIGN_CHARACTERS = 200 - len(CONFIRMATION_SUFFIX)


class IncomingKind(StrEnum):
    """What an object under ``incoming/`` is."""

    MANIFEST = "manifest"
    SUCCESS = "success"
    RESULTS = "results"
    RUN_FILE = "run_file"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingKey:
    """A key under ``incoming/``, taken apart.

    ``name`` is the file's name: for a `RUN_FILE` the path below the run's folder, such as
    ``pods.json`` or ``eventlog_v2_app-1/events_1_app-1.zstd``.
    """

    key: str
    campaign: str
    kind: IncomingKind
    name: str
    combination: str | None = None
    run_id: str | None = None


def validated_id(kind: str, value: str) -> str:
    """Return the id unchanged when it may be a part of a key.

    Parameters
    ----------
    kind : str
        What it names, for the message: ``campaign``, ``combination`` or ``run``.
    value : str
        1 to 200 characters of ``A-Z a-z 0-9 . _ + = -``, a letter or digit first, no ``..``; a
        campaign's at most 192, not counting ``-confirm``.

    Raises
    ------
    UnusableInputError
        Rule ``<kind>_id``, for anything else.
    """
    most = _CAMPAIGN_CHARACTERS if kind == "campaign" else 200
    is_short = len(value) <= most or len(value.removesuffix(CONFIRMATION_SUFFIX)) <= most
    if is_short and _ID.fullmatch(value) and ".." not in value:
        return value
    raise UnusableInputError(
        f"{kind}_id",
        f"{quoted(value)} cannot be a {kind} id: 1 to {most} of A-Z a-z 0-9 . _ + = -, "
        "a letter or digit first, no '..'",
    )


def incoming_prefix(campaign: str) -> str:
    """Return the prefix under which a campaign's results land."""
    return f"{INCOMING}{validated_id('campaign', campaign)}/"


def manifest_key(campaign: str) -> str:
    """Return the key of a campaign's manifest."""
    return incoming_prefix(campaign) + MANIFEST_NAME


def success_key(campaign: str) -> str:
    """Return the key of the object that says the runner is done."""
    return incoming_prefix(campaign) + SUCCESS_NAME


def result_key(campaign: str, combination: str, name: str = "results") -> str:
    """Return the key of a file of result lines, ``<name>.jsonl``."""
    folder = incoming_prefix(campaign) + validated_id("combination", combination)
    return f"{folder}/{validated_id('file', name)}.jsonl"


def run_file_key(campaign: str, combination: str, run_id: str, name: str = PODS_NAME) -> str:
    """Return the key of a file that belongs to one load run, such as its pods or event log."""
    folder = incoming_prefix(campaign) + validated_id("combination", combination)
    path = "/".join(validated_id("file", part) for part in name.split("/"))
    return f"{folder}/{validated_id('run', run_id)}/{path}"


def raw_prefix(campaign: str) -> str:
    """Return the prefix of a campaign's canonical records."""
    return f"{RAW}{validated_id('campaign', campaign)}/"


def raw_key(campaign: str, combination: str) -> str:
    """Return the key of the canonical records of one combination."""
    return f"{raw_prefix(campaign)}{validated_id('combination', combination)}.jsonl"


def aggregated_prefix(campaign: str) -> str:
    """Return the prefix of a campaign's summaries and verdicts."""
    return f"{AGGREGATED}{validated_id('campaign', campaign)}/"


def summaries_key(campaign: str) -> str:
    """Return the key of a campaign's summaries."""
    return aggregated_prefix(campaign) + "summaries.jsonl"


def verdicts_key(campaign: str) -> str:
    """Return the key of a campaign's verdicts."""
    return aggregated_prefix(campaign) + "verdicts.jsonl"


def facts_key(campaign: str) -> str:
    """Return the key of what is kept of a campaign itself when its records have expired."""
    return aggregated_prefix(campaign) + "campaign.json"


def delivery_key(campaign: str) -> str:
    """Return the key of what had landed of a campaign when its records were made."""
    return aggregated_prefix(campaign) + "delivery.json"


def causes_key(campaign: str) -> str:
    """Return the key of why a campaign's combinations changed."""
    return aggregated_prefix(campaign) + "causes.jsonl"


def profiles_prefix(campaign: str, combination: str | None = None) -> str:
    """Return the prefix of the profiles of a campaign's runs, or of one combination's."""
    prefix = f"{PROFILES}{validated_id('campaign', campaign)}/"
    return prefix if combination is None else f"{prefix}{validated_id('combination', combination)}/"


def profile_key(campaign: str, combination: str, run_id: str) -> str:
    """Return the key of one run's profile."""
    name = validated_id("run", run_id) + PROFILE_SUFFIX
    return profiles_prefix(campaign, combination) + name


def shards_prefix(campaign: str, run: str) -> str:
    """Return the prefix of what the shards of one run of a campaign share."""
    return f"{SHARDS}{validated_id('campaign', campaign)}/{validated_id('run', run)}/"


def reports_prefix(campaign: str) -> str:
    """Return the prefix of a campaign's reports."""
    return f"{REPORTS}{validated_id('campaign', campaign)}/"


def report_key(campaign: str, name: str) -> str:
    """Return the key of one of the four reports."""
    if name not in REPORT_NAMES:
        raise ValueError(f"name must be one of {list(REPORT_NAMES)}, got {name!r}")
    return reports_prefix(campaign) + name


def confirmation_request_key(campaign: str) -> str:
    """Return the key of the request for fresh runs of a campaign's suspected cells."""
    return f"{CONFIRMATIONS}{validated_id('campaign', campaign)}.json"


def confirmation_runs_prefix(campaign: str) -> str:
    """Return the prefix of the canonical records of a campaign's fresh runs."""
    return f"{CONFIRMATIONS}{validated_id('campaign', campaign)}/"


def confirmation_runs_key(campaign: str, combination: str) -> str:
    """Return the key of the fresh runs of one combination."""
    return f"{confirmation_runs_prefix(campaign)}{validated_id('combination', combination)}.jsonl"


def proposals_prefix(campaign: str) -> str:
    """Return the prefix of the baselines that a campaign proposes."""
    return f"{PROPOSALS}{validated_id('campaign', campaign)}/"


def quarantine_prefix(campaign: str | None) -> str:
    """Return the prefix of a campaign's rejected input; None for what names no usable campaign."""
    name = NO_CAMPAIGN if campaign is None else validated_id("campaign", campaign)
    return f"{QUARANTINE}{name}/"


def quarantine_stem(campaign: str | None, source_key: str) -> str:
    """Return the key, less its suffix, under which rejected parts of an object are kept.

    Readable where the source's name allows it, and distinct for every source: the digest is of
    the whole key. Add ``.jsonl`` for the content and ``.reason.json`` for why.
    """
    digest = hashlib.sha256(source_key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    own_prefix = f"{INCOMING}{campaign}/"
    path = source_key.removeprefix(own_prefix).removesuffix(".jsonl")
    readable = re.sub(r"[^A-Za-z0-9_+=-]+", "-", path)[:120].strip("-")
    return f"{quarantine_prefix(campaign)}{readable or 'object'}-{digest}"


def parse_incoming_key(key: str) -> IncomingKey:
    """Take a key under ``incoming/`` apart.

    Raises
    ------
    UnusableInputError
        Rule ``campaign_id``, ``combination_id``, ``run_id``, ``file_name`` or
        ``unexpected_object``; the message quotes the part that breaks it.
    """
    if not key.startswith(INCOMING):
        raise UnusableInputError("unexpected_object", f"{quoted(key)} is not under {INCOMING}")
    campaign, *rest = key.removeprefix(INCOMING).split("/")
    validated_id("campaign", campaign)
    match rest:
        case [name] if name == MANIFEST_NAME:
            return IncomingKey(key=key, campaign=campaign, kind=IncomingKind.MANIFEST, name=name)
        case [name] if name == SUCCESS_NAME:
            return IncomingKey(key=key, campaign=campaign, kind=IncomingKind.SUCCESS, name=name)
        case [combination, name] if name.endswith(".jsonl"):
            return IncomingKey(
                key=key,
                campaign=campaign,
                kind=IncomingKind.RESULTS,
                name=_file_name(name),
                combination=validated_id("combination", combination),
            )
        case [combination, run_id, *path] if path:
            return IncomingKey(
                key=key,
                campaign=campaign,
                kind=IncomingKind.RUN_FILE,
                name="/".join(_file_name(part) for part in path),
                combination=validated_id("combination", combination),
                run_id=validated_id("run", run_id),
            )
    raise UnusableInputError(
        "unexpected_object",
        f"{quoted(key)} is none of {MANIFEST_NAME}, {SUCCESS_NAME}, <combination>/<name>.jsonl, "
        "<combination>/<run>/<file>: a result file lies in the folder of its combination",
    )


def campaign_of(key: str) -> str | None:
    """Return the campaign that a key of any prefix belongs to; None when its name is no valid id.

    Also None where an object lies directly under the prefix, in no campaign's folder.
    """
    _, _, below = key.partition("/")
    campaign, slash, _ = below.partition("/")
    try:
        return validated_id("campaign", campaign) if slash else None
    except UnusableInputError:
        return None


def _file_name(name: str) -> str:
    if _FILE_NAME.fullmatch(name) and name not in {".", ".."}:
        return name
    raise UnusableInputError(
        "file_name",
        f"{quoted(name)} cannot be a file name: 1 to 255 characters, no control characters, "
        "no backslash, not '.' or '..'",
    )
