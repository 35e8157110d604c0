"""Checks of who may connect, and who stays."""
