"""From verdicts to documents; no network."""
