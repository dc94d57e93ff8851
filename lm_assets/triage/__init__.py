"""Alerts kept and told: campaigns applied, words of people taken down, channels told."""
