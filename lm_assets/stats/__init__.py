"""Numbers in, frozen results out; NumPy and SciPy only."""
