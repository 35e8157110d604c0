"""The parts of `bench/queries.py`: one subject a file, each with a function `measure` that yields figures."""
