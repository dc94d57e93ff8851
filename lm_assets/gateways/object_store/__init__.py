"""Any S3: reading, listing and writing objects whole."""
