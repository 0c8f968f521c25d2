"""What the command line gives to the library: the clock, the folder of certified forms, and who runs it."""

import datetime
from typing import TYPE_CHECKING

import click

from .._user_dirs import state_path

if TYPE_CHECKING:
    from ..archive.recipients import Person
    from ..copies.form_cache import FormCache


def now() -> datetime.datetime:
    """Tell what time it is, in whole seconds (aware, UTC)."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def exact_now() -> datetime.datetime:
    """Tell what time it is (aware, UTC), for verifying: a file's timestamps may be from this very second."""
    return datetime.datetime.now(datetime.UTC)


def form_cache() -> "FormCache":
    """Open the user's folder of certified forms."""
    from ..copies.form_cache import FormCache

    return FormCache(state_path() / "certified", warn=lambda words: click.echo(words, err=True))


def find_actor() -> "Person":
    """Name the person who runs this command, as the operating system does."""
    import getpass
    import os
    import socket

    from ..archive.recipients import Person

    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, in a container for instance
        user = f"user {os.getuid()}" if hasattr(os, "getuid") else "an unknown user"
    return Person(issuer="os", subject=f"{user}@{socket.gethostname()}", name=user)
