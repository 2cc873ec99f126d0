"""Long runs: `python -m tests.soak.streams` and kin. The gate runs a short slice of each."""
