"""Keys and certificates, wherever they are kept."""
