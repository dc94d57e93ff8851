"""The assets, one module per group; each fetches, calls the core once and returns."""
