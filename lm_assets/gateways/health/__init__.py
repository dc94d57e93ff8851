"""What a deployment needs, asked of each server: reachable, ready, and allowed to do the work."""
