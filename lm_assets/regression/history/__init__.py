"""Campaigns in their order: trend, drift, change points."""
