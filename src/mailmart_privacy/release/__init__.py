"""Releasing a version: its records, and the rules that it has to follow."""
