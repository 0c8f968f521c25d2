"""Validators that others wrote, judging what this package makes."""
