"""What landed, whether it is due, when it is closed."""
