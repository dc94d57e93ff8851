"""The reviewed baseline file: read with its checks, written in its own form."""
