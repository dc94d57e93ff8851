"""The outside world, thin: object store, warehouse, history server, Prometheus, notifier, files."""
