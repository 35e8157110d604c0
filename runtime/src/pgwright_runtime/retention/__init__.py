"""Rows that are kept for a while: policies beside the models, and the run that deletes what is due."""
