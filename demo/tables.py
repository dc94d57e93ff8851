"""How many rows the tables of the load runs have."""

WARM_UP_ROWS = {"warm-up": 30_000}
ROWS = {"250k": 250_000, "750k": 750_000}

NIGHTS, DAILY_ROWS, GROWTH_A_NIGHT = 14, 200_000, 1.03
NIGHTLY_ROWS = {
    f"of-night-{night:02d}": round(DAILY_ROWS * GROWTH_A_NIGHT ** (night - 1))
    for night in range(1, NIGHTS + 1)
}
# The table of the night is where this name leads: as in production, it is always the same one.
DAILY = "daily"
