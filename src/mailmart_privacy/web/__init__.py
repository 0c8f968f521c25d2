"""Serving the policy over HTTP: one core, the thin adapters for frameworks, and the static site."""

from .core import Response, Service
from .edge import create_service

__all__ = ["Response", "Service", "create_service"]
