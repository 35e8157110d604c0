"""The bars of `bench/safe.py`, a module for each subject: `measure()` yields its figures."""
