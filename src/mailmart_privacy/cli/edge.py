"""What the command line gives to the library: the clock, and the folder of certified forms."""

import datetime
from typing import TYPE_CHECKING

import click

from .._user_dirs import state_path

if TYPE_CHECKING:
    from ..copies.form_cache import FormCache


def now() -> datetime.datetime:
    """Tell what time it is, in whole seconds (aware, UTC)."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def form_cache() -> "FormCache":
    """Open the user's folder of certified forms."""
    from ..copies.form_cache import FormCache

    return FormCache(state_path() / "certified", warn=lambda words: click.echo(words, err=True))
