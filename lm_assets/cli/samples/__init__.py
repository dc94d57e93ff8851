"""Commands on sample files and series."""
