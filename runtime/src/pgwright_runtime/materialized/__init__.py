"""Materialised views that are refreshed in time, one after the other, and know their age."""
