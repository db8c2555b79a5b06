"""Bounds of what is kept for how long."""

MOST_DAYS = 36_500
