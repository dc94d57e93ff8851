"""Which cells ask for fresh runs, and what those runs decide."""
