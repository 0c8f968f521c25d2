"""Answers browsers: finds out who asks and whether they may, and renders pages. It has no key and opens no archive."""
