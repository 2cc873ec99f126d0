"""Measurements: numbers to keep and compare, never a pass or a fail."""
