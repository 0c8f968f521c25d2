"""The table, as migrations make it."""
