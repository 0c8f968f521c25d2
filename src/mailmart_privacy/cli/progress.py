"""How far long work has come: a bar on a terminal, a line every few seconds elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

_PAUSE = 5.0  # seconds between two lines where there is no terminal


class Progress:
    """How far a piece of work has come.

    Attributes:
        done: how many were done.
        seconds: how long that took.
    """

    def __init__(self, what: str, total: int, bar: Any = None) -> None:
        self.what, self.total, self.done = what, total, 0
        self._bar = bar
        self.seconds = 0.0
        self._started = self._said = time.monotonic()

    @property
    def rate(self) -> float:
        """How many were done in a second, so far."""
        return self.done / max(self.seconds, 0.001)

    def reach(self, done: int) -> None:
        """Say how many were done in all."""
        self.advance(max(0, done - self.done))

    def advance(self, count: int = 1) -> None:
        """Say that some more were done."""
        self.done += count
        self.seconds = time.monotonic() - self._started
        if self._bar is not None:
            self._bar.update(count, current_item=f"{self.rate:,.0f}/s")
        elif self._started + self.seconds - self._said >= _PAUSE:
            self._said = self._started + self.seconds
            left = (self.total - self.done) / max(self.rate, 0.001)
            click.echo(
                f"{self.what}: {self.done:,} of {self.total:,}, {self.rate:,.0f}/s, {_words(left)} left", err=True
            )


@contextlib.contextmanager
def show_progress(what: str, total: int) -> Iterator[Progress]:
    """Show how far work has come, on standard error.

    Args:
        what: what is done, for instance "issuing".
        total: how many there are to do.
    """
    if not sys.stderr.isatty():
        yield Progress(what, total)
        return
    with click.progressbar(
        length=total,
        label=what,
        file=sys.stderr,
        show_pos=True,
        show_eta=True,
        item_show_func=_as_it_is,
        update_min_steps=max(1, total // 1000),
    ) as bar:
        yield Progress(what, total, bar)


def _as_it_is(rate: str | None) -> str | None:
    return rate


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
