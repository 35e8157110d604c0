"""The bars of what users trust pgwright with, one module per subject."""
