"""A comparison as people read it: in a terminal, on a page, on paper; and as data."""
