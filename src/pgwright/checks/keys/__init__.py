"""Checks of columns that identify and refer."""
