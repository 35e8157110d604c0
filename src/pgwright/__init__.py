"""pgwright: finds what makes an app's PostgreSQL slow or unsafe, writes the fix, proves the gain."""

__version__ = "0.1.0"
