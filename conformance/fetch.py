"""Get the validators, once: `python -m conformance.fetch`. What is there already is not fetched again."""

import sys

from . import dss, go, verapdf, web
from .programs import MissingValidatorError, require_programs


def fetch() -> None:
    """Get all validators.

    Raises:
        MissingValidatorError: a program is not installed, or something cannot be fetched; the message says what to do.
    """
    require_programs()
    verapdf.fetch()
    dss.fetch()
    web.install()
    go.install()


if __name__ == "__main__":
    try:
        fetch()
    except MissingValidatorError as missing:
        sys.exit(str(missing))
