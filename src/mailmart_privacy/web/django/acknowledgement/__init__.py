"""Who acknowledged which text, in Django: a second application for INSTALLED_APPS, with a table of its own."""
