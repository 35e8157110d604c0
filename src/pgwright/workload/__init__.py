"""The statements of a snapshot, parsed once, and values for their parameters."""
