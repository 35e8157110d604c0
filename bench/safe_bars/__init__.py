"""The parts of the benchmark of trust: what nothing of others may do, and what no advice may harm."""
