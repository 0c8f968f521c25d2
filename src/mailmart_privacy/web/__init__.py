"""Serving the policy over HTTP."""
