"""`records`: what maintainers do to release a version. Its commands are in `group`."""
