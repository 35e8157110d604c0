"""Whether one index does the work of another, and how a new one is called."""
