"""Many copies at once: from a sheet of recipients to signed files, with what was issued listed."""
