"""Performance-regression platform for load-test matrices, as Dagster assets."""
