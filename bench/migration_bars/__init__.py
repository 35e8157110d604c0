"""One file per part of `bench/migrations.py`."""
