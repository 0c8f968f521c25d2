"""The policy in Django: an application for INSTALLED_APPS, its urls, template tags and sitemap."""

from ...errors import MissingExtraError

try:
    import django  # noqa: F401
except ImportError:
    raise MissingExtraError("django", "Django") from None
