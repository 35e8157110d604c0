"""The parts of `bench/safe.py`: one subject a file."""
