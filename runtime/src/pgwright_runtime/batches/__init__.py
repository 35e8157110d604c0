"""Work on many rows in small batches: in key order, in bounded time, pausing for others, resumable."""
