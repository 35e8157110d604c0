"""The corpus holds models, no tests, and is imported by those who copied it."""

collect_ignore = ["corpus"]
