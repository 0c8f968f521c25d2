"""Serving the policy over HTTP: one core, the thin adapters for frameworks, and the static site."""

from .core import Service
from .edge import create_service
from .refusals import Response

__all__ = ["Response", "Service", "create_service"]
