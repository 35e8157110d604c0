"""The parts of `bench/advisor.py`: one subject a file."""
