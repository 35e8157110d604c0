"""The parts of bench/safe.py: what has to hold whatever the database, the workload and the app are."""
