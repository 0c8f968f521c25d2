"""Has the keys, the archive and the names: issues, finds, and logs what people do."""
