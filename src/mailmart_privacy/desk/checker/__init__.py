"""Reads files that strangers made. It has no key, no network where the system allows it, and little time."""
