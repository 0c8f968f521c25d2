"""The archive: what was published and what each customer received, provable by others."""
