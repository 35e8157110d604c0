"""The parts of `bench/fix.py`: one a file, each with `measure() -> Iterator[Figure]`."""
