"""`archive`: dated copies, kept so that others can prove what they were. Its commands are in `group`."""
