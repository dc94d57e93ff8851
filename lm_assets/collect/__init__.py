"""From sources to canonical records: pure parsing beside thin readers."""
