"""What Dagster knows of a campaign's runs, asked from outside a run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lm_assets.model.errors import LmError

_POLL_SECONDS = 0.5
# Set by Dagster on each failed run, "true" where run_retries will start it again.
WILL_RETRY_TAG = "dagster/will_retry"


class CampaignRunError(LmError):
    """A campaign's run failed or did not end in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignRun:
    """The newest run of a campaign."""

    run_id: str
    status: str


def open_instance(home: Path) -> dg.DagsterInstance:
    """Return the instance of a DAGSTER_HOME, to be used in a ``with`` block.

    Raises
    ------
    LmError
        When there is none. Dagster itself would make an empty one there.
    """
    if not (home / "dagster.yaml").is_file():
        raise LmError(f"{home} holds no dagster.yaml; is DAGSTER_HOME right?")
    try:
        return dg.DagsterInstance.from_config(str(home))
    except Exception as error:
        # Of many classes, most of them Dagster's private ones; their texts may quote the URL.
        raise LmError(
            f"the Dagster instance of {home} cannot be opened ({type(error).__name__}); is "
            "LM_DAGSTER_POSTGRES_URL set, and is its server up?"
        ) from error


def first_try_of(run: dg.DagsterRun) -> str:
    """Return the run that this one repeats, itself where it repeats none."""
    return run.root_run_id or run.run_id


def make_instance_tables(home: Path) -> None:
    """Make Dagster's own tables before its processes start, which would else race for them.

    Tables of an older version of Dagster are brought to what this one knows.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.upgrade()


def wait_for_campaign(
    campaign: str,
    *,
    home: Path,
    timeout_s: float,
    check_alive: Callable[[], None] = lambda: None,
    after: float = 0.0,
) -> CampaignRun:
    """Return a campaign's newest run as soon as it has succeeded.

    Parameters
    ----------
    campaign : str
    home : Path
        DAGSTER_HOME of the instance.
    timeout_s : float
    check_alive : callable
        Asked now and then; raises when waiting has become pointless.
    after : float
        Only runs created after this moment count, in seconds since the epoch.

    Raises
    ------
    CampaignRunError
        When the run fails and is not started again, or no run has succeeded in time.
    """
    deadline = time.monotonic() + timeout_s
    filters = dg.RunsFilter(tags={"dagster/partition": campaign})
    with dg.DagsterInstance.from_config(str(home)) as instance:
        while time.monotonic() < deadline:
            records = instance.get_run_records(filters, limit=1)
            if records and records[0].create_timestamp.timestamp() >= after:
                run = records[0].dagster_run
                if run.status is dg.DagsterRunStatus.SUCCESS:
                    return CampaignRun(run_id=run.run_id, status=run.status.value)
                if _has_failed(run, instance):
                    raise CampaignRunError(
                        f"the run {run.run_id} of campaign {campaign} ended as {run.status.value}; "
                        "its events are in the UI"
                    )
            check_alive()
            time.sleep(_POLL_SECONDS)
    raise CampaignRunError(f"no run of campaign {campaign} succeeded within {timeout_s:.0f} s")


def _has_failed(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Tell whether a run has ended badly and no retry of it is to come."""
    if run.status is dg.DagsterRunStatus.FAILURE:
        # The tag comes a moment after the status.
        return run.tags.get(WILL_RETRY_TAG) == "false" or not instance.run_retries_enabled
    return run.status is dg.DagsterRunStatus.CANCELED
