"""A file of recipients → the copies that are to be issued, or all that is wrong with it."""
