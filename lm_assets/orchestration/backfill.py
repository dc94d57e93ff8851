"""The weekly backfill: the recent campaigns judged anew, each its own run, seen as one backfill.

A schedule can only request runs. A backfill, with its own page and its own retry in the UI, is
made by Dagster's GraphQL API; its command-line form works on the instance itself, so that the
backfill does not depend on a web server that is up.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from lm_assets.gateways.dagster_services import installed_script
from lm_assets.orchestration.jobs import CAMPAIGN_ASSET_NAMES

TIMEOUT_SECONDS = 300

_MUTATION = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
}
"""


class BackfillError(RuntimeError):
    """Dagster did not accept a backfill; the message says what it answered."""


def backfill_variables(campaigns: Sequence[str], *, title: str) -> dict[str, object]:
    """Return the GraphQL variables of a backfill of these campaigns' assets."""
    return {
        "params": {
            "assetSelection": [{"path": [name]} for name in CAMPAIGN_ASSET_NAMES],
            "partitionNames": list(campaigns),
            "title": title,
            "tags": [{"key": "lm/backfill", "value": "weekly"}],
        }
    }


def launch_backfill(campaigns: Sequence[str], *, title: str, workspace: Path) -> str:
    """Ask Dagster for a backfill and return its id.

    Raises
    ------
    BackfillError
        When Dagster cannot be asked, or does not accept it.
    """
    variables = json.dumps(backfill_variables(campaigns, title=title))
    # Its standard output is shared with the log of the code server that it starts.
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        done = subprocess.run(  # noqa: S603 - a fixed program; campaign ids are one JSON argument
            [
                installed_script("dagster-graphql"),
                *("-w", str(workspace)),
                *("-t", _MUTATION),
                *("-v", variables),
                *("-o", str(answer)),
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0 or not answer.is_file():
            raise BackfillError(
                f"dagster-graphql ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        return _backfill_id(answer.read_text(encoding="utf-8"))


def _backfill_id(answer: str) -> str:
    document = json.loads(answer)
    result = (document.get("data") or {}).get("launchPartitionBackfill") or {}
    if result.get("__typename") != "LaunchBackfillSuccess":
        raise BackfillError(f"Dagster did not accept the backfill: {document}")
    return str(result["backfillId"])


class WeeklyBackfillConfig(dg.Config):
    """What the weekly backfill covers: this many of the newest kept campaigns."""

    campaigns: int = 10
    workspace: str = "workspace.yaml"
