"""What `bench/life.py` measures, a file for each part."""
