"""From verdicts to messages; no network."""
