"""Pictures: pure functions from figures to SVG, each with its words for a screen reader."""
