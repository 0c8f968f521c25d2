"""Types that come with an extra, for annotations that frameworks evaluate at run time; `object` where it is missing."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..keys.identity import Identity
    from ..trust.anchors import Trust
    from ..trust.timestamp_client import TimestampClient
    from ..typesetting.fonts import Typeface
else:
    from importlib import import_module

    from ..errors import MissingExtraError

    def _find(module, name):
        try:
            return getattr(import_module(module, __package__), name)
        except (ImportError, MissingExtraError):
            return object

    Certificate = _find("cryptography.x509", "Certificate")
    Identity = _find("..keys.identity", "Identity")
    TimestampClient = _find("..trust.timestamp_client", "TimestampClient")
    Trust = _find("..trust.anchors", "Trust")
    Typeface = _find("..typesetting.fonts", "Typeface")

__all__ = ["Certificate", "Identity", "TimestampClient", "Trust", "Typeface"]
