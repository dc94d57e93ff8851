"""What is said of a campaign: findings, explanations, the gate, the last word."""
