"""The one base of every exception that the runtime raises on purpose."""

from __future__ import annotations


class Error(Exception):
    """Base of all errors of pgwright_runtime."""
