"""The only importer of Dagster: partitions, resources, assets, checks, jobs, sensors, schedules."""

import warnings

# The pins hold Dagster's beta API still; whoever runs a command can do nothing about it.
warnings.filterwarnings("ignore", message=".*is currently in (beta|preview)")
