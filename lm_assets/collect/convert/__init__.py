"""What other load tools write, as result lines: one tool each."""
