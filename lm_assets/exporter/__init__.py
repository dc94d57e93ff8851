"""What Prometheus is told: families of series, their order and limit, and the server for them."""
