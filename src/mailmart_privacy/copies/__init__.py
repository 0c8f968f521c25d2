"""Recorded form → certified form → signed copy."""
