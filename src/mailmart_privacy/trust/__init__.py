"""Who may be trusted when: timestamps, paths of certificates, what proves them, and its place in the file."""
