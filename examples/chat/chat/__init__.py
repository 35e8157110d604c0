"""Answers to questions about documents, in a widget on any page: system B, as it was and as it is after the fix."""
