"""The app as its team first wrote it."""
