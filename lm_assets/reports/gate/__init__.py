"""What continuous integration shows of a verdict: one document a format, within its limits."""
