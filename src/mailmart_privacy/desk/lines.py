"""What the processes of a desk log: one line of JSON for each event, without a name and without what an error says."""

import json
import sys
import time


def write_line(process: str, words: str, *, error: str = "", where: str = "") -> None:
    """Log an event on standard error.

    Args:
        process: of the desk.
        words: what happened; never anything that people have entered.
        error: the class of an error. What it says may name a customer, and is left out.
        where: the function and the line that it came from.
    """
    line = {"at": round(time.time(), 3), "process": process, "words": words, "error": error, "where": where}
    print(json.dumps({name: value for name, value in line.items() if value}), file=sys.stderr, flush=True)
