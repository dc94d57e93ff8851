"""Commands on a running platform."""
