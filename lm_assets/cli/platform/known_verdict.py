"""A verdict as text, with what people already have in hand beside it."""

from rich.console import Console

from lm_assets.cli.terminal_text import in_markup
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.regression.verdict.phrases import confirmation_phrase
from lm_assets.reports.gate.entries import alert_phrase, entries
from lm_assets.reports.gate.material import GateMaterial, Unjudged

_MOST_KNOWN = 15


def print_known_verdict(console: Console, subject: GateMaterial | Unjudged) -> None:
    """Print the verdict's table, then the known losses, who has them and what is left."""
    if isinstance(subject, Unjudged):
        text = f"{in_markup(subject.campaign)}  {subject.state}: {in_markup(subject.reason)}"
        _say(console, text)
        return
    left = subject.remaining
    print_verdict(console, subject.verdict, rest="in the reports", exit_code=left.exit_code)
    if confirmation := confirmation_phrase(subject.verdict):
        _say(console, f"  {in_markup(confirmation)}")
    if subject.alerts_note:
        _say(console, f"  {in_markup(subject.alerts_note)}")
    known = [(e, e.alert) for e in entries(subject) if e.is_known and e.alert is not None]
    for entry, alert in known[:_MOST_KNOWN]:
        said = f"{entry.metric} {entry.change} in {entry.where}: {alert_phrase(alert)}"
        _say(console, f"  known, not blocking: {in_markup(said)}")
    if len(known) > _MOST_KNOWN:
        _say(console, f"  … and {len(known) - _MOST_KNOWN} more known")
    if known:
        _say(console, f"  without these: {left.verdict.value}, exit code {left.exit_code}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, emoji=False)
