"""One cell: its samples, its comparison, its statistical verdict."""
