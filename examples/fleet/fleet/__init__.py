"""Couriers, vehicles and deliveries of many organizations: system C, as it was and as it is after the fix."""
