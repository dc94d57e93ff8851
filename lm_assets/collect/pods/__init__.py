"""One run's stability from a snapshot of its pods."""
