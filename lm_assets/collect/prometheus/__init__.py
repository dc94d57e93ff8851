"""One run's figures from Prometheus."""
