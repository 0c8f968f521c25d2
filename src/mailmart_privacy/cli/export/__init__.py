"""`export`: signed copies, one or many. The command is in `command`."""
