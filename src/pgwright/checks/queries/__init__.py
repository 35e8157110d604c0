"""Checks of statements of the workload."""
