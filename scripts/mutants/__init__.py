"""Mutation testing: change the code a little, many times, and see whether a test notices. See `make mutants`."""
