"""The platform's own layout and forms in the bucket."""
