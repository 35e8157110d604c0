"""Checks of statistics, dead rows and transaction ids."""
