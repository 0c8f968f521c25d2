"""The policy in the project's sitemap."""

import datetime

from django.contrib.sitemaps import Sitemap

from .conf import mounted_service


class PrivacySitemap(Sitemap):
    """The page of the version in force, that of each version, and their list."""

    def items(self) -> list[tuple[str, datetime.date]]:
        """List addresses, each with the day on which it last changed."""
        service = mounted_service()
        current = service.current()
        pages = [(path, current.last_updated) for path in (service.path, f"{service.path}/versions")]
        former = [known for known in current.history if known.version <= current.version and known.withdrawn_at is None]
        return pages + [(f"{service.path}/{known.version}", known.last_updated) for known in former]

    def location(self, item: tuple[str, datetime.date]) -> str:
        """Give the path of an item."""
        return item[0]

    def lastmod(self, item: tuple[str, datetime.date]) -> datetime.date:
        """Give the day of an item."""
        return item[1]
