"""Messages about the platform's own work: campaigns that do not end, runs that fail."""

from collections.abc import Mapping

from lm_assets.alerts.slack import text_message
from lm_assets.alerts.wording import slack_text

Notice = Mapping[str, Mapping[str, object]]

_LONGEST_DETAIL = 1500


def overdue_notice(campaign: str, objects: int) -> Notice:
    """Return the message, by channel, about a campaign that began to land and never ended."""
    text = f"Campaign {campaign} is overdue: {objects} objects have landed, no _SUCCESS."
    return _notice("campaign_overdue", campaign, text, {"objects": objects})


def run_failure_notice(campaign: str, *, job: str, run_id: str, detail: str) -> Notice:
    """Return the message, by channel, about a run that failed."""
    text = f"Run {run_id} of {job} failed for campaign {campaign or '(none)'}: {detail}"
    return _notice("run_failed", campaign, text[:_LONGEST_DETAIL], {"job": job, "run_id": run_id})


def broken_baselines_notice(digest: str, fault: str) -> Notice:
    """Return the message, by channel, about a baseline catalogue that cannot be read."""
    text = (
        f"The baselines cannot be used (content {digest[:12]}); campaigns that land fail: {fault}"
    )
    return _notice("baselines_broken", "", text[:_LONGEST_DETAIL], {"digest": digest})


def _notice(kind: str, campaign: str, text: str, facts: Mapping[str, object]) -> Notice:
    return {
        "slack": text_message(slack_text(text, limit=_LONGEST_DETAIL)),
        "webhook": {"schema_version": 1, "kind": kind, "campaign": campaign, "text": text, **facts},
    }
