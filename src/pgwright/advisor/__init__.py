"""Engine: the index advisor. It asks twins what sets of indexes cost, and chooses."""
