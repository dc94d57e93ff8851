"""Dashboards as code: `python -m grafana` writes the JSON under grafana/dashboards."""
