"""Answers browsers: who asks, whether they may, and the pages. It has no key and opens no archive."""
