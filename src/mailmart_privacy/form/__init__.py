"""Policy → PDF form, by WeasyPrint."""
