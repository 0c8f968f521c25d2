"""What a printed paragraph needs beyond the markup: its last line holds more than one word."""

import re

_LAST_TWO = re.compile(r"([^<>\s]+ [^<>\s]+)(?=</(?:p|li)>)")


def keep_last_words(html: str) -> str:
    """Keep the last two words of each paragraph and item on one line; the text stays the same."""
    return _LAST_TWO.sub(r'<span class="together">\1</span>', html)
