"""Building, reading, writing and running networks."""
