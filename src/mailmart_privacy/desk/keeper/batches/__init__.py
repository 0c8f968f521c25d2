"""Batches of the desk: a spreadsheet that is read, planned, issued by a process of its own, and packed."""
