"""Checks of the server's settings."""
