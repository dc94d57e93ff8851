"""Commands on the baselines."""
