"""Two versions compared across the matrix."""
