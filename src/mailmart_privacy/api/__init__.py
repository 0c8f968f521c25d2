"""The edge for Python callers: the clock is read here."""
