"""The bars of trust: one module a subject, each with `measure() -> Iterator[Figure]`."""
