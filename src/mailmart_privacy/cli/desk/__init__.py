"""`desk`: the web application for people, run and administered. Its commands are in `group`."""
