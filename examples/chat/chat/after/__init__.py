"""The app after the fix."""
