"""The parts of `bench/worth.py`: one bar a file."""
