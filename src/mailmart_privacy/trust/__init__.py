"""Trust at a moment: timestamps, certificate paths, the data that proves them, and where a file carries that data."""
