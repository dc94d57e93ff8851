"""The only importer of Dagster: partitions, resources, assets, checks, jobs, sensors, schedules."""
