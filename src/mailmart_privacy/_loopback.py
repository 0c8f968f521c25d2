"""Addresses of this computer, where what is sent in the clear leaves it nowhere."""

from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
LOOPBACK_HOSTS = (LOOPBACK, "localhost", "::1")


def is_safe_url(url: str) -> bool:
    """Tell whether a URL has a host, and is https, or http on this computer."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets without an address of IPv6 in them
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
