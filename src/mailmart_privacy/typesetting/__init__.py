"""A value in any script → glyphs, and the fonts that a copy embeds for them."""
