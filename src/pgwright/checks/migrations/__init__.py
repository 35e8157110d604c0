"""What a pending revision would do to the app while it runs."""
